"""Routes that a load balancer refuses, or that no request would ever take."""

import pytest

from config.model import FixedResponse, Route, SystemConfig
from config.rules import check
from config.systems.ecommerce.dev import dev as ecommerce


def faults(**routes: Route) -> list[str]:
    """Return what is said of a shop of which some services have other routes."""
    config: SystemConfig = ecommerce()
    services = {
        name: service.model_copy(update={"route": routes.get(name, service.route)})
        for name, service in config.services.items()
    }
    return [str(problem) for problem in check(config.model_copy(update={"services": services}))]


@pytest.mark.parametrize(
    ("routes", "told"),
    [
        (
            {"order": Route(paths=("/users*",))},
            "services.order.route.paths = '/users*': service user takes it too; allowed: one service for each",
        ),
        (
            {
                "order": Route(paths=("/a", "/b"), hosts=("a.example.com",)),
                "payment": Route(paths=("/b",), hosts=("b.example.com", "A.example.com")),
            },
            "services.payment.route.paths = '/b': service order takes it on a.example.com too; allowed: one service",
        ),
        (
            {"order": Route(hosts=("a.example.com",)), "payment": Route(hosts=("A.example.com",))},
            "services.payment.route.hosts = 'a.example.com': service order takes it too; allowed: one service for each",
        ),
        (
            {"order": Route(paths=("/a", "/b", "/a"))},
            "services.order.route.paths = '/a': is there twice; once is enough",
        ),
        (
            {"order": Route(hosts=("a.example.com", "A.example.com"))},
            "services.order.route.hosts = 'a.example.com': is there twice; once is enough",
        ),
        (
            {"order": Route(paths=("/*",))},
            "services.order.route.paths = '/*': stands for every request, and leaves none to others; allowed: Route()",
        ),
        (
            {"order": Route(paths=("/my orders",))},
            "services.order.route.paths = '/my orders': allowed: letters, digits",
        ),
        (
            {"order": Route(paths=("/orders;v=1",))},
            "services.order.route.paths = '/orders;v=1': allowed: letters, digi",
        ),
        (
            {"order": Route(paths=("/orders#all",))},
            "services.order.route.paths = '/orders#all': allowed: letters, digi",
        ),
        (
            {"order": Route(paths=("/" + "o" * 128,))},
            f"services.order.route.paths = '/{'o' * 128}': has 129 characters;",
        ),
        (
            {"order": Route(hosts=("",))},
            "services.order.route.hosts = '': allowed: letters, digits, -. and the wildcards",
        ),
        (
            {"order": Route(hosts=("http://exa mple.com/",))},
            "services.order.route.hosts = 'http://exa mple.com/': allow",
        ),
        ({"order": Route(hosts=("localhost",))}, "services.order.route.hosts = 'localhost': allowed: letters, digits"),
        (
            {"order": Route(hosts=("a" * 125 + ".com",))},
            f"services.order.route.hosts = '{'a' * 125}.com': has 129 char",
        ),
        (
            {"order": Route(paths=("/a*", "/b*", "/c*", "/d*", "/e?*"))},
            "services.order.route = ['/a*', '/b*', '/c*', '/d*', '/e?*']: has 6 wildcards; allowed: 5 in all paths",
        ),
    ],
)
def test_refused(routes: dict[str, Route], told: str) -> None:
    assert [fault for fault in faults(**routes) if fault.startswith(told)] != []


@pytest.mark.parametrize(
    "routes",
    [
        {"order": Route(paths=("/users*",), hosts=("orders.example.com",))},
        {"order": Route(paths=("/*",), hosts=("orders.example.com",))},
        {"order": Route(paths=("/a_b-c.d$/~\"'@:+&e",))},
        {
            "order": Route(paths=("/b",), hosts=("a.example.com",)),
            "payment": Route(paths=("/b",), hosts=("*.example.com",)),
        },
        {"order": Route(paths=("/a*", "/b*", "/c*", "/d*", "/e*"))},
        {"order": Route(paths=("/" + "o" * 127,))},
    ],
)
def test_accepted(routes: dict[str, Route]) -> None:
    assert faults(**routes) == []


@pytest.mark.parametrize("status", [199, 302, 399, 600])
def test_a_fixed_response_redirects_nobody(status: int) -> None:
    with pytest.raises(ValueError, match="no status of a fixed response; allowed: 200 to 299, and 400 to 599"):
        FixedResponse(status=status)


@pytest.mark.parametrize("status", [200, 299, 404, 599])
def test_a_fixed_response_has_another_status(status: int) -> None:
    assert FixedResponse(status=status).status == status
