"""From the names in config to construct ids."""


def pascal_case(key: str) -> str:
    """Return the construct id of a key, such as `OrderNotifications` of `order-notifications`."""
    return "".join(part.capitalize() for part in key.split("-"))
