"""Which of a load balancer's rules is asked first.

A rule's priority follows from the rule and the name of its service alone. CloudFormation changes rules one by one and
cannot give one a priority that another still holds: numbers that followed from a rule's place among the others would
all move when a service goes, and the deployment would be rolled back.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from itertools import combinations, product

from config.network import HIGHEST_PRIORITY, Route
from config.problems import Problem

# How much a pattern names is counted up to here; two that name more need another way to come in order.
_MOST_LITERALS = 24
# A route whose paths are all exact, and one for every count of literals in the widest of its path patterns.
_PATH_BANDS = _MOST_LITERALS + 2
# Exact hosts, hosts with a wildcard, any host.
_HOST_BANDS = 3
_BAND_SIZE = HIGHEST_PRIORITY // (_PATH_BANDS * _HOST_BANDS)


def priority(name: str, route: Route) -> int | None:
    """Return the priority of a service's rule; None where the service takes what no rule names."""
    if not route.paths and not route.hosts:
        return None
    return derived_priority(name, route) if route.priority is None else route.priority


def faults(routes: Mapping[str, Route]) -> Iterator[Problem]:
    """Find rules with one priority, and patterns that are never reached, among the rules of one listener."""
    ordered: list[tuple[int, str, Route]] = []
    for name, route in routes.items():
        number = priority(name, route)
        if number is not None:
            ordered.append((number, name, route))
        elif route.priority is not None:
            yield Problem(
                field=f"services.{name}.route.priority",
                value=route.priority,
                allowed="the service takes every request that no rule names, so it is asked last; take priority out",
            )
    ordered.sort(key=lambda rule: rule[0])
    for (number, first, first_route), (other_number, then, then_route) in combinations(ordered, 2):
        if number == other_number:
            yield Problem(
                field=f"services.{then}.route.priority",
                value=then_route.priority,
                allowed=f"has the priority {number}, as service {first} does; set the route.priority of one of them "
                f"to another number, 1 (asked first) to {HIGHEST_PRIORITY}",
            )
        for hidden, hiding in _hidden(first_route, then_route):
            # Rules for the same requests are told as such.
            if hidden.lower() != hiding.lower():
                yield Problem(
                    field=f"services.{then}.route",
                    value=hidden,
                    allowed=f"is never reached: service {first} is asked first, and takes {hiding}; "
                    "narrow that, or set route.priority",
                )


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
