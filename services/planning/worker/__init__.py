"""The worker: renders what was planned."""
