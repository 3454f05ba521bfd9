"""Schedules: kept by the API, planned by the scheduler, rendered by the worker, delivered by the notifier."""
