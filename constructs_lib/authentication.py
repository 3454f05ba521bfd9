"""What a service is told of who may ask it."""

import json

from config.authentication import PROGRAMS, AuthenticationConfig
from config.model import ServiceConfig

# What stands for the rules where there are none: a variable that is missing stops the service instead.
_OFF = "off"


def authentication_variables(config: ServiceConfig) -> dict[str, str]:
    """Return the variable that says who may ask a service; none for a program that asks nobody for a proof."""
    if config.program not in PROGRAMS:
        return {}
    rules = config.authentication
    if not isinstance(rules, AuthenticationConfig):
        return {"AUTHENTICATION": _OFF}
    return {"AUTHENTICATION": json.dumps(rules.model_dump(mode="json"), separators=(",", ":"), sort_keys=True)}
