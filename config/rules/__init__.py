"""What fields may be only together: each rule returns the faults it finds."""

from collections.abc import Callable, Iterator

from config.model import SystemConfig
from config.problems import Problem
from config.rules import compute, connections, data, names, network, offers, operations, routes

Rule = Callable[[SystemConfig], Iterator[Problem]]
RULES: tuple[Rule, ...] = (
    *names.RULES,
    *network.RULES,
    *routes.RULES,
    *data.RULES,
    *offers.RULES,
    *connections.RULES,
    *compute.RULES,
    *operations.RULES,
)


def check(config: SystemConfig) -> list[Problem]:
    """Return every fault between the fields of a tree whose fields are valid each by itself."""
    return [problem for rule in RULES for problem in rule(config)]
