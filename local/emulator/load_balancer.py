"""Corrections to MiniStack's load balancer behind the one port of the gateway."""

from collections.abc import Awaitable, Callable
from typing import Any

from ministack.services import alb

Response = tuple[int, dict[str, Any], Any]


def install() -> None:
    """Put the corrections in place."""
    alb.dispatch_request = _by_listener(alb.dispatch_request)


def _by_listener(dispatch: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    """Requests come in by the gateway's port, under TLS: they are for the HTTPS listener if there is one.

    MiniStack looks for a listener on the gateway's port and then takes any, perhaps the one that only redirects.
    """

    async def by_listener(balancer: dict[str, Any], *arguments: Any, port: int = 80, **named: Any) -> Response:
        *others, given = arguments if len(arguments) > _PORT_POSITION else (*arguments, port)
        ports = {
            int(listener.get("Port") or 80): listener.get("Protocol")
            for listener in alb._listeners.values()
            if listener["LoadBalancerArn"] == balancer["LoadBalancerArn"]
        }
        if given not in ports:
            given = next((number for number, protocol in ports.items() if protocol == "HTTPS"), given)
        return await dispatch(balancer, *others, given, **named)

    return by_listener


# Positional arguments between the load balancer and the port: method, path, headers, body, query.
_PORT_POSITION = 5
