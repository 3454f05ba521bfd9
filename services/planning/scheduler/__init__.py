"""The scheduler: plans what is due, as the only one of its kind."""
