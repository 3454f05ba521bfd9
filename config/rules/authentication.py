"""Rules of authentication: every service that the load balancer leads to says who may ask it."""

from collections.abc import Iterator

from config.authentication import PROGRAMS, AuthenticationConfig
from config.model import ServiceConfig, SystemConfig
from config.problems import Problem


def _authentication(config: SystemConfig) -> Iterator[Problem]:
    for name, service in config.services.items():
        yield from _of_service(f"services.{name}.authentication", service)


def _of_service(field: str, service: ServiceConfig) -> Iterator[Problem]:
    chosen = service.authentication
    takes_requests = service.route is not None
    if chosen is None:
        if takes_requests:
            without = "Without(reason='…'), if everybody may ask it"
            choice = f"AuthenticationConfig(), or {without}" if service.program in PROGRAMS else without
            yield Problem(
                field=field, value=None, allowed=f"requests reach it by its route; say who may make them: {choice}"
            )
        return
    if not takes_requests:
        yield Problem(field=field, allowed="no request reaches it without a route; leave it out, or give it a route")
    if not isinstance(chosen, AuthenticationConfig):
        return
    if service.program not in PROGRAMS:
        yield Problem(
            field=field,
            allowed=f"program {service.program} asks nobody for keys or tokens; allowed: Without(reason='…'), or "
            f"a program that does: {', '.join(sorted(PROGRAMS))}",
        )
    elif service.uses.database is None:
        yield Problem(
            field=field,
            allowed="keys, and how often each asks, are kept in the service's database; name it in uses.database",
        )
    if not chosen.api_keys and chosen.tokens is None:
        yield Problem(
            field=f"{field}.api_keys",
            value=False,
            allowed="nobody could prove anything; allowed: True, or False with tokens=TokensConfig(…)",
        )


RULES = (_authentication,)
