"""What fields may be only together: each rule returns the faults it finds."""

from collections.abc import Callable, Iterator

from config.model import SystemConfig
from config.problems import Problem
from config.rules import (
    authentication,
    compute,
    connections,
    data,
    database_users,
    hours,
    names,
    network,
    offers,
    operations,
    place,
    routes,
    timings,
    watching,
)

# Parts of a tree that hold several of a kind.
_KEYED = ("services", "databases")
Rule = Callable[[SystemConfig], Iterator[Problem]]
RULES: tuple[Rule, ...] = (
    *names.RULES,
    *network.RULES,
    *routes.RULES,
    *authentication.RULES,
    *data.RULES,
    *database_users.RULES,
    *offers.RULES,
    *connections.RULES,
    *compute.RULES,
    *timings.RULES,
    *hours.RULES,
    *operations.RULES,
    *place.RULES,
    *watching.RULES,
)


def check_tolerantly(config: SystemConfig) -> list[Problem]:
    """Return faults between the fields of a tree some of whose fields are wrong or missing.

    A rule ends where it meets a field that it cannot make sense of.
    """
    found: dict[str, Problem] = {}
    for rule in RULES:
        told, is_ended = _told(rule, config)
        found |= told
        # What it has not come to, it may still say of each service and each database by itself.
        for part in _KEYED if is_ended else ():
            named = getattr(config, part, None)
            for key, section in named.items() if isinstance(named, dict) else ():
                alone, _ = _told(rule, config.model_copy(update={part: {key: section}}))
                found |= {
                    line: problem for line, problem in alone.items() if problem.field.startswith(f"{part}.{key}.")
                }
    return list(found.values())


def _told(rule: Rule, config: SystemConfig) -> tuple[dict[str, Problem], bool]:
    """Return the faults that a rule finds, by their lines, and whether it met something it cannot make sense of."""
    found: dict[str, Problem] = {}
    try:
        for problem in rule(config):
            found[str(problem)] = problem
    except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError):
        return found, True
    return found, False


def check(config: SystemConfig) -> list[Problem]:
    """Return every fault between the fields of a tree whose fields are valid each by itself."""
    return [problem for rule in RULES for problem in rule(config)]
