"""The function that sends again what failed."""
