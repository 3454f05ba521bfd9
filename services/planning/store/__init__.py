"""Schedules and notifications in PostgreSQL: every SQL statement of the four programs, one module for each."""
