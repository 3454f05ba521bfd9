"""Rules of the times that load balancer, server and platform keep together while connections and tasks end."""

from collections.abc import Iterator

from config.model import ServiceConfig, SystemConfig
from config.problems import Problem

# What the server of `services` holds to; tests compare both with the server's own figures.
LONGEST_REQUEST_SECONDS = 20
"""The longest that a request takes: a wait for a connection, the connecting, and a statement that times out."""
BACKGROUND_SECONDS = 25
"""What background tasks are given to end, after the requests."""


def _connections(config: SystemConfig) -> Iterator[Problem]:
    balancer = config.load_balancer
    if balancer is None:
        return
    if balancer.idle_timeout_seconds < LONGEST_REQUEST_SECONDS:
        yield Problem(
            field="load_balancer.idle_timeout_seconds",
            value=balancer.idle_timeout_seconds,
            allowed=f"a request may take {LONGEST_REQUEST_SECONDS} seconds, and would be answered 504; "
            f"allowed: {LONGEST_REQUEST_SECONDS} to 4000 (nearest: {LONGEST_REQUEST_SECONDS})",
        )
    for name, service in config.services.items():
        if service.route is not None and service.keep_alive_seconds <= balancer.idle_timeout_seconds:
            yield Problem(
                field=f"services.{name}.keep_alive_seconds",
                value=service.keep_alive_seconds,
                allowed="the load balancer would send requests on connections that the server has just closed, and "
                f"answer 502; allowed: more than load_balancer.idle_timeout_seconds, which is "
                f"{balancer.idle_timeout_seconds} (nearest: {balancer.idle_timeout_seconds + 1})",
            )


def _ending(config: SystemConfig) -> Iterator[Problem]:
    for name, service in config.services.items():
        field = f"services.{name}"
        if service.drain_seconds < LONGEST_REQUEST_SECONDS:
            yield Problem(
                field=f"{field}.drain_seconds",
                value=service.drain_seconds,
                allowed=f"a request may take {LONGEST_REQUEST_SECONDS} seconds, and would be cut off; "
                f"allowed: {LONGEST_REQUEST_SECONDS} and more (nearest: {LONGEST_REQUEST_SECONDS})",
            )
        yield from _stopping(f"{field}.stop_timeout_seconds", service)
        if config.load_balancer is not None and service.route is not None:
            yield from _deregistration(name, service, config.load_balancer.deregistration_delay_seconds)


def _stopping(field: str, service: ServiceConfig) -> Iterator[Problem]:
    needed = service.drain_seconds + BACKGROUND_SECONDS
    if service.stop_timeout_seconds <= needed:
        yield Problem(
            field=field,
            value=service.stop_timeout_seconds,
            allowed=f"the task would be killed while it ends: {service.drain_seconds} seconds for requests, then "
            f"{BACKGROUND_SECONDS} for background tasks; allowed: more than {needed} (nearest: {needed + 1})",
        )


def _deregistration(name: str, service: ServiceConfig, delay: int) -> Iterator[Problem]:
    field = "load_balancer.deregistration_delay_seconds"
    if delay <= service.drain_seconds:
        yield Problem(
            field=field,
            value=delay,
            allowed=f"requests of {name} under way would be cut off; allowed: more than services.{name}.drain_seconds, "
            f"which is {service.drain_seconds} (nearest: {service.drain_seconds + 1})",
        )
    elif delay >= service.stop_timeout_seconds:
        yield Problem(
            field=field,
            value=delay,
            allowed=f"requests would still be led to a task of {name} that is killed; "
            f"allowed: less than services.{name}.stop_timeout_seconds, which is {service.stop_timeout_seconds} "
            f"(nearest: {service.stop_timeout_seconds - 1})",
        )


RULES = (_connections, _ending)
