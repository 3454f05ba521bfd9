"""Logical dumps of a database in a bucket, each of them proven by being restored."""
