"""search: finds products by the words of their names."""
