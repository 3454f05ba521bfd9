"""Which systems the proof is about."""

IN_FULL: tuple[tuple[str, str], ...] = (
    ("notifications", "dev"),
    ("ticketero", "dev"),
    ("webapp", "dev"),
    ("platform", "dev"),
    ("ecommerce", "dev"),
    # Beyond development: the sweeper, and customer keys.
    ("notifications", "prod"),
)
"""Of these the proof goes over everything that is granted: system and environment."""
BEYOND_DEVELOPMENT: tuple[tuple[str, str], ...] = (
    ("ticketero", "prod"),
    ("webapp", "prod"),
    ("platform", "prod"),
    ("ecommerce", "prod"),
)
"""Of these it goes over what their development is not granted: customer keys above all."""
PROVEN = (*IN_FULL, *BEYOND_DEVELOPMENT)
"""What the whole proof deploys."""
