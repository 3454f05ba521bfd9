"""A folder per function, each a thin handler over the domain package."""
