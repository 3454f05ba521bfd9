"""Options of what runs, and of the load balancer in front of it."""

from collections.abc import Callable

from config.model import (
    AccessLogsConfig,
    AuthenticationConfig,
    FirewallConfig,
    FixedResponse,
    Nat,
    Route,
    SystemConfig,
    TokensConfig,
    Without,
    WorkingHours,
)
from tests.matrix.choices import Change, Of, field, has, has_bucket, has_single, only_if, together
from tests.support.synth import CERTIFICATE_ARN

_ZONE = {"id": "Z0123456789ABCDEFGHIJ", "name": "example.com"}


def may_be_plain(config: SystemConfig) -> bool:
    balancer = config.load_balancer
    secured = balancer is not None and (balancer.certificate_arn or balancer.hosted_zone)
    return config.environment != "prod" or bool(secured)


def _has_paths(config: SystemConfig) -> bool:
    route = config.services["api"].route
    return route is not None and bool(route.paths)


_EVERYTHING = only_if(has("load_balancer"), Route(), None)

BALANCER = (
    together(
        "HTTPS",
        {},
        {"load_balancer.certificate_arn": CERTIFICATE_ARN},
        {"load_balancer.certificate_arn": CERTIFICATE_ARN, "load_balancer.domain_name": "api.example.com"},
        {"load_balancer.hosted_zone": _ZONE, "load_balancer.domain_name": "www.example.com"},
        {
            "load_balancer.hosted_zone": {"id": "Z1123456789ABCDEFGHIJ", "name": "example.org"},
            "load_balancer.domain_name": "www.example.org",
        },
    ),
    field(
        "load_balancer.plain_http_because",
        only_if(may_be_plain, None, "a matrix has no visitors"),
        "a matrix has no visitors",
    ),
    together(
        "default action",
        {"services.api.route": _EVERYTHING},
        {
            "services.api.route": only_if(has("load_balancer"), Route(paths=("/api*",)), None),
            "load_balancer.fixed_response": FixedResponse(),
        },
        {"services.api.route": only_if(has_single, None, _EVERYTHING), "services.single.route": _EVERYTHING},
    ),
    field("load_balancer.fixed_response.status", 404, 200),
    field("load_balancer.fixed_response.content_type", "text/plain", "application/json"),
    field("load_balancer.fixed_response.body", "", "{}"),
    field("load_balancer.idle_timeout_seconds", 60, 50),
    field("load_balancer.deregistration_delay_seconds", 30, 40),
    field("load_balancer.strict_transport_days", 365, 30),
    together("access logs", {}, {"load_balancer.access_logs": AccessLogsConfig()}),
    field("load_balancer.access_logs.reason", "nobody asks a matrix", "it is never deployed"),
    field("load_balancer.access_logs.expire_days", 90, 30),
    together(
        "firewall", {}, {"load_balancer.firewall": FirewallConfig()}, {"load_balancer.firewall": FirewallConfig()}
    ),
    field("load_balancer.firewall.reason", "nobody attacks a matrix", "it is never deployed"),
    field("load_balancer.firewall.blocks", True, False),
    field("load_balancer.firewall.inspects_bodies", True, False),
    field("load_balancer.firewall.requests_per_address", 10_000, 2000),
    field("load_balancer.firewall.window_seconds", 60, 120, 300, 600),
    field("load_balancer.firewall.logs", "refused", "all"),
    field("services.api.route.hosts", (), lambda config: ("a.example.com",) if _has_paths(config) else ()),
    field("services.api.route.priority", None, lambda config: 7 if _has_paths(config) else None),
)

_CHANNELS = ("email", "sms", "webhook", "telegram")


def channels(*wanted: str) -> Of:
    """Those of the channels that there is a way out for."""

    def found(config: SystemConfig) -> tuple[str, ...]:
        if config.channels is None:
            return ()
        inside = ("email", "sms")
        return tuple(each for each in wanted if config.network.nat is not Nat.NONE or each in inside)

    return found


_USES = tuple(
    option
    for code in ("services.api", "worker")
    for option in (
        field(f"{code}.uses.database", only_if(lambda it: bool(it.databases), "main", None), None),
        field(f"{code}.uses.queue", only_if(has("queue"), True, False), False),
        field(f"{code}.uses.cache", only_if(has("cache"), True, False), False),
        field(f"{code}.uses.broker", only_if(has("broker"), True, False), False),
        field(f"{code}.uses.search", only_if(has("search"), True, False), False),
        field(f"{code}.uses.buckets", only_if(has_bucket, ("media",), ()), ()),
        field(
            f"{code}.uses.channels",
            channels(),
            channels(*_CHANNELS) if code == "worker" else channels("sms"),
            channels("email", "telegram"),
            channels("sms", "webhook"),
        ),
    )
)


_OPEN = Without(reason="a matrix has no secrets")
_ISSUER = "https://issuer.example.com"
_RSA = TokensConfig(issuer=_ISSUER, audiences=("matrix",), algorithms=("RS256", "RS384", "RS512", "PS256", "PS384"))
_CURVES = TokensConfig(
    issuer=f"{_ISSUER}/pool", audiences=("lattice", "grid"), algorithms=("PS512", "ES256", "ES384", "ES512", "EdDSA")
)


def _may_ask(config: SystemConfig) -> bool:
    """Tell whether requests reach the service, and whether it could have a database to keep keys in."""
    return config.services["api"].route is not None and "main" in config.databases


def _is_routed(name: str) -> Callable[[SystemConfig], bool]:
    def found(config: SystemConfig) -> bool:
        service = config.services.get(name)
        return service is not None and service.route is not None

    return found


def _asking(rules: AuthenticationConfig) -> Change:
    """Return the change to a program that asks by these rules; to the reason why it does not, where it cannot."""
    return {
        "services.api.program": only_if(_may_ask, "api", lambda config: config.services["api"].program),
        "services.api.uses.database": only_if(_may_ask, "main", lambda config: config.services["api"].uses.database),
        "services.api.authentication": only_if(_may_ask, rules, only_if(_is_routed("api"), _OPEN, None)),
    }


_AUTHENTICATION = (
    together(
        "authentication",
        _asking(AuthenticationConfig()),
        _asking(AuthenticationConfig(tokens=_RSA, requests_per_minute_per_key=1200)),
        _asking(AuthenticationConfig(api_keys=False, tokens=_CURVES)),
        {"services.api.authentication": only_if(_is_routed("api"), _OPEN, None)},
    ),
    field("services.single.authentication", only_if(_is_routed("single"), _OPEN, None)),
    field("services.api.authentication.reason", _OPEN.reason, "a lattice has none either"),
)


def sends_mail(config: SystemConfig) -> bool:
    code = (*config.services.values(), *([config.worker] if config.worker else ()))
    return any("email" in each.uses.channels for each in code)


def _stays_awake(config: SystemConfig) -> bool:
    """Tell whether the worker has a database, and one that does not pause: the sweeper would keep it awake."""
    used = config.worker.uses.database if config.worker else None
    database = config.databases.get(used or "")
    return database is not None and getattr(database, "min_acu", 1) > 0


def _hours(days: str) -> WorkingHours:
    return WorkingHours.model_validate({"days": days, "start": "08:00", "end": "18:00", "time_zone": "Europe/Berlin"})


CODE = (
    *_USES,
    field("services.single.uses.database", only_if(lambda it: bool(it.databases), "side", None)),
    field("services.api.program", "api", "web"),
    *_AUTHENTICATION,
    field("services.api.arguments", (), ("verbose",)),
    field("services.api.port", 3000, 3100),
    together(
        "task size",
        {},
        {"services.api.cpu_units": 512, "services.api.memory_mib": 1024},
        {"services.api.memory_mib": 1024},
    ),
    field("services.api.min_tasks", 1, 2),
    field("services.api.max_tasks", 3, 4),
    field("services.single.singleton", False, True),
    together(
        "working hours",
        {},
        {"working_hours": _hours("MON-FRI"), "services.api.night_tasks": 0},
        {"working_hours": _hours("MON-SAT"), "services.api.night_tasks": 1},
        {
            "working_hours": _hours("MON-SUN"),
            "services.api.night_tasks": only_if(has_single, None, 0),
            "services.single.night_tasks": 0,
        },
    ),
    field("working_hours.start", "08:00", "07:30"),
    field("working_hours.end", "18:00", "19:30"),
    field("working_hours.time_zone", "Europe/Berlin", "America/New_York"),
    field("services.api.cpu_target_percent", 70, 60),
    field("services.api.memory_target_percent", 80, 75),
    field("services.api.requests_per_target_per_minute", 3000, 1000),
    field("services.api.database_pool_size", 5, 8),
    field("services.api.keep_alive_seconds", 65, 75),
    field("services.api.drain_seconds", 25, 20),
    field("services.api.stop_timeout_seconds", 60, 90),
    field("worker.memory_mib", 512, 1024),
    field("worker.timeout_seconds", 60, 120),
    field("worker.reserved_concurrency", 5, 10),
    field("worker.max_concurrency", None, 4),
    field("worker.batch_size", 10, 5),
    # Lambda takes no batch window on a FIFO queue.
    field(
        "worker.batch_window_seconds",
        lambda config: 0 if config.queue.fifo else 5,
        lambda config: 0 if config.queue.fifo else 20,
    ),
    field("worker.longest_delay_seconds", 900, 300),
    field("worker.other_producers", False, True),
    field("worker.sweep_minutes", None, lambda config: 1 if _stays_awake(config) else None),
    field(
        "channels.email_sender",
        "notifications@example.com",
        only_if(sends_mail, "notifications@example.com", None),
        only_if(sends_mail, "orders@example.com", None),
    ),
    field("channels.telegram_base_url", "https://api.telegram.org", "https://localhost:4580"),
    field("channels.webhook_hosts_allowed_inside", (), ("hooks.internal", "localhost:4580")),
)
