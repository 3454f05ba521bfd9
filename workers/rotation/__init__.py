"""The function that gives the users of a database new passwords."""
