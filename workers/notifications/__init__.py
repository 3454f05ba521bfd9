"""The function that consumes the queue of notifications."""
