"""One stack per domain, and the function that puts them together."""
