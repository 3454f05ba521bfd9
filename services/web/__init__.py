"""Pages, written and read over HTTP."""
