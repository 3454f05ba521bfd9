"""The HTTP API: takes schedules in, tells how they fare, calls them off."""
