"""Rules of the load balancer: what it answers, and which requests each service gets."""

import re
from collections.abc import Iterator
from itertools import product

from config import routing
from config.model import LoadBalancerConfig, Route, SystemConfig
from config.problems import Problem

# Values and wildcards in the conditions of one rule. Of wildcards, AWS names 5 in one place and 6 in another.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
MOST_RULE_VALUES = 5
MOST_RULE_WILDCARDS = 5
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
LONGEST_PATTERN = 128
_PATH = re.compile(r"/[A-Za-z0-9_\-.$/~\"'@:+&*?]*")
_HOST = re.compile(r"[A-Za-z0-9\-.*?]+\.[A-Za-z]+")


def _certificate(config: SystemConfig) -> Iterator[Problem]:
    balancer = config.load_balancer
    if balancer is None:
        return
    yield from _domain(balancer)
    proven = balancer.certificate_arn is not None or balancer.hosted_zone is not None
    if config.environment == "prod" and not proven and balancer.plain_http_because is None:
        yield Problem(
            field="load_balancer.certificate_arn",
            value=None,
            allowed="prod serves HTTPS only; set it in the environment's config, "
            "or pass -c certificate_arn=arn:aws:acm:REGION:ACCOUNT:certificate/ID",
        )


def _domain(balancer: LoadBalancerConfig) -> Iterator[Problem]:
    domain, zone = balancer.domain_name, balancer.hosted_zone
    if domain is None and zone is not None:
        yield Problem(
            field="load_balancer.domain_name",
            value=None,
            allowed=f"the hosted zone gets no record without it; allowed: {zone.name}, or a name below it",
        )
    if domain is None:
        return
    if zone is not None and domain != zone.name and not domain.endswith(f".{zone.name}"):
        yield Problem(
            field="load_balancer.domain_name",
            value=domain,
            allowed=f"lies outside hosted_zone, which is {zone.name}; allowed: {zone.name}, or a name below it "
            f"(nearest: {domain.partition('.')[0]}.{zone.name})",
        )
    if zone is None and balancer.certificate_arn is None:
        yield Problem(
            field="load_balancer.domain_name",
            value=domain,
            allowed="nothing proves or leads this name; allowed: with hosted_zone, with certificate_arn, or None",
        )


def _routes(config: SystemConfig) -> Iterator[Problem]:
    routed = _routed(config)
    if config.load_balancer is None:
        for name in routed:
            yield Problem(
                field=f"services.{name}.route",
                allowed="there is no load balancer to be behind; add load_balancer, or take the route out",
            )
        return
    if not routed:
        yield Problem(field="load_balancer", allowed="no service has a route, so it leads nowhere; give one a route")
        return
    default = [name for name, route in routed.items() if not route.paths and not route.hosts]
    for name in default[1:]:
        yield Problem(
            field=f"services.{name}.route",
            allowed=f"takes every request that no rule names, as {default[0]} does; give one of them paths or hosts",
        )
    if default and config.load_balancer.fixed_response is not None:
        yield Problem(
            field="load_balancer.fixed_response",
            allowed=f"service {default[0]} takes every request that no rule names; "
            "leave it out, or give the service paths or hosts",
        )
    if not default and config.load_balancer.fixed_response is None:
        yield Problem(
            field="load_balancer.fixed_response",
            value=None,
            allowed="every route has paths or hosts, so something must answer the rest: FixedResponse(status=404)",
        )


def _patterns(config: SystemConfig) -> Iterator[Problem]:
    for name, route in _routed(config).items():
        field = f"services.{name}.route"
        values = [*route.paths, *route.hosts]
        if len(values) > MOST_RULE_VALUES:
            yield Problem(
                field=field,
                value=values,
                allowed=f"a rule holds {MOST_RULE_VALUES} paths and hosts together; shorten them with a wildcard",
            )
        wildcards = sum(value.count("*") + value.count("?") for value in values)
        if wildcards > MOST_RULE_WILDCARDS:
            yield Problem(
                field=field,
                value=values,
                allowed=f"has {wildcards} wildcards; allowed: {MOST_RULE_WILDCARDS} in all paths and hosts of a rule",
            )
        for path in route.paths:
            yield from _path(f"{field}.paths", path)
        for host in route.hosts:
            yield from _host(f"{field}.hosts", host)
        if not route.hosts and "/*" in route.paths:
            yield Problem(
                field=f"{field}.paths",
                value="/*",
                allowed="stands for every request, and leaves none to others; allowed: Route(), which is asked last",
            )


def _path(field: str, path: str) -> Iterator[Problem]:
    if not path.startswith("/"):
        yield Problem(field=field, value=path, allowed=f"write it as /{path}")
    elif not _PATH.fullmatch(path):
        allowed = "allowed: letters, digits, _-.$/~\"'@:+& and the wildcards * and ?; a path has no query"
        yield Problem(field=field, value=path, allowed=allowed)
    if len(path) > LONGEST_PATTERN:
        yield _too_long(field, path)


def _host(field: str, host: str) -> Iterator[Problem]:
    if not _HOST.fullmatch(host):
        allowed = "allowed: letters, digits, -. and the wildcards * and ?, with letters after a last dot"
        yield Problem(field=field, value=host, allowed=f"{allowed}, such as api.example.com")
    if len(host) > LONGEST_PATTERN:
        yield _too_long(field, host)


def _too_long(field: str, pattern: str) -> Problem:
    return Problem(
        field=field,
        value=pattern,
        allowed=f"has {len(pattern)} characters; allowed: up to {LONGEST_PATTERN}, shortened with a wildcard",
    )


def _twice(config: SystemConfig) -> Iterator[Problem]:
    """Find what two rules, or one rule twice, ask for: only the rule asked first would ever get the requests."""
    takers: dict[tuple[str, str], str] = {}
    for name, route in _routed(config).items():
        field = f"services.{name}.route"
        hosts = tuple(host.lower() for host in route.hosts)
        for part, values in (("paths", route.paths), ("hosts", hosts)):
            for value in {value: None for value in values if values.count(value) > 1}:
                yield Problem(field=f"{field}.{part}", value=value, allowed="is there twice; once is enough")
        for host, path in product(dict.fromkeys(hosts) or ("",), dict.fromkeys(route.paths) or ("",)):
            other = takers.setdefault((host, path), name)
            if other != name and (host or path):
                part, value = ("paths", path) if path else ("hosts", host)
                where = f" on {host}" if host and path else ""
                yield Problem(
                    field=f"{field}.{part}",
                    value=value,
                    allowed=f"service {other} takes it{where} too; allowed: one service for each",
                )


def _order(config: SystemConfig) -> Iterator[Problem]:
    return routing.faults(_routed(config))


def _routed(config: SystemConfig) -> dict[str, Route]:
    return {name: service.route for name, service in config.services.items() if service.route is not None}


RULES = (_certificate, _routes, _patterns, _twice, _order)
