"""Corrections to MiniStack's load balancer behind the one port of the gateway."""

from collections.abc import Awaitable, Callable
from typing import Any

from ministack.core.concurrency import resource_lock
from ministack.services import alb

from local.emulator import load_balancer_metrics

Response = tuple[int, dict[str, Any], Any]
Target = dict[str, Any]


def install() -> None:
    """Put the corrections in place."""
    alb.dispatch_request = _by_listener(alb.dispatch_request)
    load_balancer_metrics.install()
    alb._ACTION_MAP["RegisterTargets"] = _register
    alb._ACTION_MAP["DeregisterTargets"] = _deregister


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


def _register(parameters: dict[str, Any]) -> Response:
    """RegisterTargets. MiniStack tells targets apart by address alone; here all have the same one."""
    return _changed(parameters, "RegisterTargets", lambda known, given: known + given)


def _deregister(parameters: dict[str, Any]) -> Response:
    """DeregisterTargets."""
    return _changed(parameters, "DeregisterTargets", lambda known, _: known)


def _changed(
    parameters: dict[str, Any], action: str, combine: Callable[[list[Target], list[Target]], list[Target]]
) -> Response:
    """Change a group's targets; `combine` gets those that are not named in the request, and those that are."""
    arn = alb._p(parameters, "TargetGroupArn")
    group = alb._tgs.get(arn)
    if group is None:
        refused: Response = alb._error("TargetGroupNotFound", f"Target group '{arn}' not found.")
        return refused
    named = {
        (target["Id"], int(target.get("Port") or group.get("Port") or 80))
        for target in alb._parse_targets_param(parameters)
    }
    with resource_lock("elbv2-targets", arn):
        others = [target for target in alb._targets.get(arn, []) if (target["Id"], target.get("Port")) not in named]
        alb._targets[arn] = combine(others, [{"Id": address, "Port": port} for address, port in sorted(named)])
    accepted: Response = alb._empty(action)
    return accepted
