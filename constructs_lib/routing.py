"""Which of a load balancer's rules is asked first.

A rule's priority follows from the rule and the name of its service alone. CloudFormation changes rules one by one and
cannot give one a priority that another still holds: numbers that followed from a rule's place among the others would
all move when a service goes, and the deployment would be rolled back.
"""

import hashlib
import re
from collections.abc import Iterator
from itertools import product

from config.model import Route
from config.network import HIGHEST_PRIORITY
from config.problems import ConfigError, Problem

# How much a pattern names is counted up to here; two that name more need another way to come in order.
_MOST_LITERALS = 24
# A route whose paths are all exact, and one for every count of literals in the widest of its path patterns.
_PATH_BANDS = _MOST_LITERALS + 2
# Exact hosts, hosts with a wildcard, any host.
_HOST_BANDS = 3
_BAND_SIZE = HIGHEST_PRIORITY // (_PATH_BANDS * _HOST_BANDS)


class Rules:
    """The rules of one listener, by the names of their services."""

    def __init__(self) -> None:
        self._routes: dict[str, tuple[Route, int]] = {}

    def add(self, name: str, route: Route) -> int | None:
        """Return the priority of a service's rule; None where the service takes what no rule names.

        Raises:
            ConfigError: Another service has that priority, or one of the two takes requests the other is there for.
        """
        if not route.paths and not route.hosts:
            if route.priority is not None:
                self._refuse(name, "takes every request that no rule names, so it is asked last; take priority out")
            return None
        priority = derived_priority(name, route) if route.priority is None else route.priority
        for other, (their_route, theirs) in self._routes.items():
            if theirs == priority:
                self._refuse(
                    name,
                    f"has the priority {priority}, as service {other} does; set the route.priority of one of them to "
                    f"another number, 1 (asked first) to {HIGHEST_PRIORITY}",
                )
            (first, first_route), (then, then_route) = (
                ((name, route), (other, their_route)) if priority < theirs else ((other, their_route), (name, route))
            )
            for hidden, hiding in _hidden(first_route, then_route):
                self._refuse(
                    then,
                    f"{hidden} is never reached: service {first} is asked first, and takes {hiding}; "
                    "narrow that, or set route.priority",
                )
        self._routes[name] = (route, priority)
        return priority

    @staticmethod
    def _refuse(name: str, allowed: str) -> None:
        raise ConfigError("load balancer", [Problem(field=f"services.{name}.route", allowed=allowed)])


def derived_priority(name: str, route: Route) -> int:
    """Return where a rule stands by what it names: narrower patterns first, and in no order within a band.

    Hosts come before paths, exact ones before those with a wildcard. Of several patterns the widest one counts, since
    it is the one that can take the requests of others.
    """
    band = _host_band(route.hosts) * _PATH_BANDS + _path_band(route.paths)
    digest = hashlib.sha256(name.encode()).digest()
    return 1 + band * _BAND_SIZE + int.from_bytes(digest[:8], "big") % _BAND_SIZE


def _host_band(hosts: tuple[str, ...]) -> int:
    if not hosts:
        return 2
    return 1 if any(map(_has_wildcard, hosts)) else 0


def _path_band(paths: tuple[str, ...]) -> int:
    if paths and not any(map(_has_wildcard, paths)):
        return 0
    literals = min((len(re.sub(r"[*?]", "", path)) for path in paths if _has_wildcard(path)), default=0)
    return 1 + _MOST_LITERALS - min(literals, _MOST_LITERALS)


def _has_wildcard(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


def _hidden(first: Route, then: Route) -> Iterator[tuple[str, str]]:
    """Yield the patterns of a route that another one, which is asked before it, leaves no request of."""
    anything = ("*",)
    for host, path in product(then.hosts or anything, then.paths or anything):
        for first_host, first_path in product(first.hosts or anything, first.paths or anything):
            if _covers(first_host.lower(), host.lower()) and _covers(first_path, path):
                yield _shown(host, path), _shown(first_host, first_path)


def _covers(wide: str, narrow: str) -> bool:
    """Tell whether all that one pattern stands for, the other does as well."""
    # What a wildcard of the narrow one stands for, only a wildcard of the wide one can.
    translated = "".join({"*": ".*", "?": "[^*]"}.get(character, re.escape(character)) for character in wide)
    return re.fullmatch(translated, narrow) is not None


def _shown(host: str, path: str) -> str:
    if host == "*":
        return path
    return host if path == "*" else f"{host}{path}"
