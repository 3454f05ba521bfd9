"""What a wrong configuration says."""

from collections.abc import Callable
from typing import Any

import pytest

from config.load import load
from config.model import Lifecycle, Nat, Section, SystemConfig, Uses
from config.problems import ConfigError
from config.systems.notifications.dev import dev
from tests.config.given import offer


def faults(change: Callable[[], SystemConfig], monkeypatch: pytest.MonkeyPatch, environment: str = "dev") -> str:
    """Load an environment made by `change` and return what is said about it."""
    offer(monkeypatch, {"dev": change, "prod": change})
    with pytest.raises(ConfigError) as refused:
        load("notifications", environment)
    return str(refused.value)


def changed(*place: str, **fields: Any) -> Callable[[], SystemConfig]:
    """Make an environment that is `dev` but for some fields of one section, validated as when written that way."""

    def make() -> SystemConfig:
        config = dev()
        if not place:
            return SystemConfig.model_validate(config.model_dump() | fields)
        section = _at(config, place)
        # By its class, as in a module: a fault is found while the section is made.
        changed_section = type(section)(**{**dict(section), **fields})
        return _replaced(config, place, changed_section)

    return make


def _at(config: Any, place: tuple[str, ...]) -> Any:
    for name in place:
        config = config[name] if isinstance(config, dict) else getattr(config, name)
    return config


def _replaced(config: SystemConfig, place: tuple[str, ...], section: Section) -> SystemConfig:
    name, *key = place
    value: Any = section if not key else {**getattr(config, name), key[0]: section}
    return SystemConfig(**{**dict(config), name: value})


API = ("services", "api")
DATABASE = ("databases", "notifications")


@pytest.mark.parametrize(
    ("place", "fields", "told"),
    [
        (API, {"cpu_units": 500}, "services.api.cpu_units = 500: not a Fargate size; allowed: 256, 512, 1024"),
        (
            API,
            {"memory_mib": 8192},
            "services.api.memory_mib = 8192: not offered with cpu_units 512; allowed: 1024, 2048",
        ),
        (API, {"cpu_units": 256, "memory_mib": 3000}, "allowed: 512, 1024, 2048 (nearest: 2048)"),
        (API, {"min_tasks": 3}, "services.api.min_tasks = 3: allowed: 1 to max_tasks, which is 2"),
        (API, {"max_tasks": 0}, "services.api.max_tasks = 0: out of range; allowed: 1 to 100"),
        (API, {"port": 70000}, "services.api.port = 70000: out of range; allowed: 1024 to 65535"),
        (
            API,
            {"prot": 3000},
            "services.api.prot = 3000: Extra inputs are not permitted; allowed: program, arguments, uses",
        ),
        (("worker",), {"memory_mib": 20000}, "worker.memory_mib = 20000: out of range; allowed: 512 to 1024"),
        (("worker",), {"timeout_seconds": 30}, "worker.timeout_seconds = 30: out of range; allowed: 60 to 300"),
        (("worker",), {"reserved_concurrency": 1}, "worker.reserved_concurrency = 1: out of range; allowed: 2 to 1000"),
        (("queue",), {"retention_days": 15}, "queue.retention_days = 15: out of range; allowed: 4 to 14"),
        (("queue",), {"max_receive_count": 5000}, "queue.max_receive_count = 5000: a message may wait 900 seconds"),
        (("queue",), {"dlq_retention_days": 4}, "queue.dlq_retention_days = 4: a message keeps its age"),
        (
            ("worker",),
            {"sweep_minutes": 1},
            "worker.sweep_minutes = 1: keeps the database awake that databases.notifications.min_acu = 0 lets pause",
        ),
        (
            ("worker",),
            {"sweep_minutes": 1, "uses": Uses()},
            "worker.sweep_minutes = 1: looks into the database of the worker, which uses none",
        ),
        (("queue",), {"fifo": True}, "worker.batch_window_seconds = 5: Lambda takes no batch window on a FIFO queue"),
        (("network",), {"zones": 1}, "network.zones = 1: out of range; allowed: 2 to 3"),
        (("network",), {"cidr": "10.0.0.1/16"}, "network.cidr = '10.0.0.1/16': 10.0.0.1/16 has host bits set"),
        (("network",), {"cidr": "8.8.0.0/16"}, "network.cidr = '8.8.0.0/16': allowed: a private block"),
        (("network",), {"cidr": "10.0.0.0/8"}, "network.cidr = '10.0.0.0/8': allowed: a private block from /16"),
        (("network",), {"cidr": "10.0.0.0/23"}, "network.subnet_prefix = 24: 6 subnets of that size do not fit"),
        (DATABASE, {"min_acu": 4}, "databases.notifications.min_acu = 4.0: allowed: 0 to max_acu, which is 2"),
        (DATABASE, {"max_acu": 2.3}, "databases.notifications.max_acu = 2.3: Input should be a multiple of 0.5"),
        (
            DATABASE,
            {"auto_pause_minutes": None},
            "databases.notifications.auto_pause_minutes = None: a floor of 0 ACU pauses",
        ),
        (
            DATABASE,
            {"min_acu": 0.5},
            "databases.notifications.auto_pause_minutes = 10: only a cluster with min_acu 0 pauses",
        ),
        (
            DATABASE,
            {"name": "my-database"},
            "databases.notifications.name = 'my-database': String should match pattern",
        ),
        (
            ("network",),
            {"cidr": "10.0.0.0/255.255.0.0"},
            "network.cidr = '10.0.0.0/255.255.0.0': write it as 10.0.0.0/16",
        ),
        (("network",), {"cidr": "169.254.0.0/16"}, "network.cidr = '169.254.0.0/16': allowed: a private block"),
        (("network",), {"subnet_prefix": 28}, "network.subnet_prefix = 28: a private subnet of it has 11 addresses"),
        (("network",), {"zones": "two"}, "unable to parse string as an integer; allowed: 2 to 3"),
        (
            DATABASE,
            {"engine_version": "12.1"},
            "databases.notifications.engine_version = '12.1': Aurora PostgreSQL 12: end of standard support 2025-02-28",
        ),
        (DATABASE, {"name": "rdsadmin"}, "databases.notifications.name = 'rdsadmin': is reserved"),
        (("channels",), {"telegram_base_url": "http://example.com"}, "URL scheme should be 'https'"),
        ((), {"owner": "a;b"}, "owner = 'a;b': String should match pattern"),
        (("channels",), {"email_sender": "nobody"}, "channels.email_sender = 'nobody': value is not a valid email"),
        ((), {"tags": {"aws-cdk:mine": "a"}}, "tags = 'aws-cdk:mine': the CDK keeps tag keys that begin with aws-cdk:"),
        ((), {"tags": {"AWS:mine": "a"}}, "tags = 'AWS:mine': AWS keeps tag keys that begin with aws: for itself"),
        ((), {"log_retention_days": 31}, "log_retention_days = 31: Input should be 1, 3, 5, 7, 14, 30"),
    ],
)
def test_a_wrong_field_is_named_with_its_value_and_what_is_allowed(
    place: tuple[str, ...], fields: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told in faults(changed(*place, **fields), monkeypatch)


def test_a_missing_field_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> SystemConfig:
        tree = dev().model_dump()
        del tree["network"]["zones"]
        return SystemConfig.model_validate(tree)

    assert "network.zones: is missing" in faults(make, monkeypatch)


def test_a_misspelt_name_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> SystemConfig:
        return changed("network", nat=Nat.NATGATEWAY)()  # type: ignore[attr-defined]  # the slip under test

    told = faults(make, monkeypatch)
    assert "test_load.py, line" in told
    assert "AttributeError: " in told
    assert "NATGATEWAY" in told


def test_prod_without_certificate_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    told = faults(changed(environment="prod", lifecycle=Lifecycle.RETAIN), monkeypatch, "prod")
    assert "load_balancer.certificate_arn = None: prod serves HTTPS only" in told


def test_faults_between_fields_come_together(monkeypatch: pytest.MonkeyPatch) -> None:
    told = faults(changed(*API, cpu_units=500, min_tasks=3), monkeypatch)
    assert "services.api.cpu_units" in told
    assert "api.min_tasks" in told


def test_an_override_for_what_the_system_lacks_is_refused() -> None:
    with pytest.raises(ConfigError) as refused:
        load("webapp", "dev", {"telegram_base_url": "https://localhost"})
    assert "telegram_base_url = 'https://localhost': webapp has no channels it could apply to" in str(refused.value)
