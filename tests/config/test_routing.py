"""Decisions about the order of a load balancer's rules."""

import itertools
import re

import pytest

from config.model import Route
from config.network import HIGHEST_PRIORITY
from config.routing import derived_priority, faults, priority

SHOP = {
    "user": Route(paths=("/users*", "/sessions*")),
    "order": Route(paths=("/orders*",)),
    "special": Route(paths=("/orders/special*",)),
    "health": Route(paths=("/orders/special/health",)),
    "partner": Route(hosts=("partner.example.com",)),
    "rest": Route(paths=("/*",)),
    "default": Route(),
}


def priorities(routes: dict[str, Route]) -> dict[str, int | None]:
    return {name: priority(name, route) for name, route in routes.items()}


def told(routes: dict[str, Route]) -> list[str]:
    return [f"{problem.field}: {problem.value} {problem.allowed}" for problem in faults(routes)]


@pytest.mark.parametrize("gone", SHOP)
def test_a_service_that_goes_changes_no_other_rule(gone: str) -> None:
    """A rule that changes gets a number that the rule of the service still holds, and the deployment is rolled back."""
    left = {name: route for name, route in SHOP.items() if name != gone}
    assert priorities(left) == {name: it for name, it in priorities(SHOP).items() if name != gone}


def test_the_order_of_services_in_config_changes_no_rule() -> None:
    turned = dict(reversed(SHOP.items()))
    assert priorities(turned) == priorities(SHOP)


def test_another_path_of_a_service_leaves_its_rule_where_it_is() -> None:
    changed = SHOP | {"order": Route(paths=("/orders*", "/baskets*"))}
    assert priorities(changed) == priorities(SHOP)


def test_narrower_patterns_are_asked_before_wider_ones() -> None:
    """A wider one that comes first takes their requests."""
    given = priorities(SHOP)
    narrow_to_wide = ["partner", "health", "special", "order", "rest"]
    assert sorted(narrow_to_wide, key=lambda name: given[name] or 0) == narrow_to_wide


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        (Route(paths=("/a",)), Route(paths=("/a*",))),
        (Route(paths=("/a/b*",)), Route(paths=("/a*",))),
        (Route(paths=("/a/*/c",)), Route(paths=("/a/*",))),
        (Route(paths=("/a/b?",)), Route(paths=("/a/?*",))),
        (Route(paths=("/a/b*", "/c/d*")), Route(paths=("/a*",))),
        (Route(paths=("/a*",)), Route(paths=("/*",))),
        (Route(hosts=("a.example.com",)), Route(hosts=("*.example.com",))),
        (Route(hosts=("*.example.com",)), Route(paths=("/*",))),
        (Route(hosts=("a.example.com",), paths=("/a*",)), Route(hosts=("a.example.com",))),
        (Route(hosts=("a.example.com",), paths=("/a*",)), Route(paths=("/a*",))),
    ],
)
def test_the_wider_of_two_is_asked_later_whatever_their_names(narrow: Route, wide: Route) -> None:
    for one, other in itertools.permutations(("api", "web", "worker", "tickets"), 2):
        assert derived_priority(one, narrow) < derived_priority(other, wide)


def test_every_derived_priority_is_one_that_aws_takes() -> None:
    narrowest = Route(hosts=("a.example.com",), paths=("/" + "a" * 100,))
    for name in map(str, range(2000)):
        assert derived_priority(name, narrowest) >= 1
        assert derived_priority(name, Route(paths=("*",))) <= HIGHEST_PRIORITY


def test_a_service_may_say_where_it_stands() -> None:
    assert priorities(SHOP | {"user": Route(paths=("/users*",), priority=7)})["user"] == 7


def test_two_services_with_one_priority_are_refused_by_name() -> None:
    (fault,) = told({"user": Route(paths=("/users*",), priority=7), "order": Route(paths=("/orders*",), priority=7)})
    assert fault.startswith("services.order.route.priority: 7 has the priority 7, as service user does")


def test_names_that_come_out_at_one_number_are_refused_by_name() -> None:
    route = SHOP["order"]
    taken: dict[int, str] = {}
    for name in map("service-{}".format, itertools.count()):
        other = taken.setdefault(derived_priority(name, route), name)
        if other != name:
            break
    (fault,) = told({other: route, name: Route(paths=("/basket*",))})
    assert f"as service {other} does" in fault
    assert not told({other: route, name: Route(paths=("/basket*",), priority=1)})


@pytest.mark.parametrize(
    ("routes", "fault"),
    [
        (
            {"wide": Route(paths=("/orders*",), priority=1), "narrow": Route(paths=("/orders/special*",))},
            r"services.narrow.route: /orders/special\* is never reached: service wide is asked first, and takes",
        ),
        (
            {"narrow": Route(paths=("/orders/special*",)), "wide": Route(paths=("/orders*",), priority=1)},
            r"services.narrow.route: /orders/special\* is never reached: service wide",
        ),
        (
            {"one": Route(paths=("/a*", "/*")), "other": Route(paths=("/b", "/b*"), priority=HIGHEST_PRIORITY)},
            "services.other.route: /b is never reached",
        ),
        (
            {
                "one": Route(hosts=("*.Example.com",)),
                "other": Route(hosts=("a.example.com",), priority=HIGHEST_PRIORITY),
            },
            "services.other.route: a.example.com is never reached",
        ),
    ],
)
def test_a_pattern_that_is_never_reached_is_refused(routes: dict[str, Route], fault: str) -> None:
    assert any(re.match(fault, each) for each in told(routes))


def test_nothing_is_told_of_rules_that_leave_each_other_their_requests() -> None:
    assert told(SHOP) == []


def test_a_service_that_takes_the_rest_has_no_priority() -> None:
    assert priorities({"api": Route()}) == {"api": None}
    (fault,) = told({"api": Route(priority=1)})
    assert "takes every request that no rule names" in fault
