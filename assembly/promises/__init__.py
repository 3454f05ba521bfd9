"""Promises that take more than one template to look at: what `guard/promises.guard` cannot compare."""
