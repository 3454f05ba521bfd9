"""The function that makes, lists and revokes API keys."""
