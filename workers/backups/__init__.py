"""The function that makes proven dumps of a database, and restores them."""
