"""The HTTP API: takes notifications in and tells how they fare."""
