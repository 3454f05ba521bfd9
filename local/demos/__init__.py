"""Demonstrations: one module per system that does the system's work and shows it. Nothing else here knows a system."""

from collections.abc import Mapping
from types import MappingProxyType

from local.demos import any_system, ecommerce, notifications, platform, ticketero, webapp
from local.demos.stage import Demo

DEMOS: Mapping[str, Demo] = MappingProxyType(
    {
        "ecommerce": ecommerce.DEMO,
        "notifications": notifications.DEMO,
        "platform": platform.DEMO,
        "ticketero": ticketero.DEMO,
        "webapp": webapp.DEMO,
    }
)
"""By the name of the system."""


def demo_of(system: str) -> Demo:
    """How a system is shown at work; one that is not known here is only asked for its health."""
    return DEMOS.get(system, any_system.DEMO)
