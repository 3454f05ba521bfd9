"""What a person may get wrong about the physics of a system, each told with the field to put right.

Every row is one deliberate mistake in a configuration that is without fault otherwise. It is loaded as a deployment
loads it; what is told must name that field, and no other.
"""

from typing import Any

import pytest

from config.end_of_life import Calendar
from config.load import load, load_on
from config.model import (
    CostConfig,
    Lifecycle,
    SystemConfig,
    TrafficConfig,
)
from config.problems import ConfigError
from config.rules.place import Place, check_in_place
from config.systems.ecommerce.dev import dev as ecommerce
from config.systems.notifications.dev import dev as notifications
from tests.config.given import offer
from tests.config.mistakes import CERTIFICATE, TABLE, Make
from tests.support.changed import changed


def refused(make: Make, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> ConfigError:
    """Load a configuration with mistakes as a deployment does, and return what is said about it."""
    config = changed(make(), **changes)
    offer(monkeypatch, {config.environment: lambda: config}, system=config.system)
    with pytest.raises(ConfigError) as error:
        load(config.system, config.environment)
    return error.value


@pytest.mark.parametrize(("make", "changes", "field", "told"), TABLE)
def test_a_mistake_is_told_with_its_field(
    make: Make, changes: dict[str, Any], field: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems = [
        problem
        for problem in refused(make, changes, monkeypatch).problems
        # That prod wants a certificate is a row of its own.
        if problem.field != "load_balancer.certificate_arn" or field == problem.field
    ]
    assert {problem.field for problem in problems} == {field}
    assert told in "\n".join(map(str, problems))


def test_the_table_is_as_long_as_it_is_promised_to_be() -> None:
    assert len(TABLE) >= 40


def test_several_mistakes_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of single fields beside those of what fields may be only together: whoever mends one mends all."""
    mistakes = {
        "queue__visibility_timeout_seconds": 60,
        "worker__memory_mib": 20_000,
        "worker__max_concurrency": 6,
        "services__api__port": 70_000,
        "services__api__drain_seconds": 10,
        "databases__notifications__auto_pause_minutes": None,
        "network__zones": 0,
        "account": "12345",
        "lifecycle": Lifecycle.DESTROY,
        "working_hours__end": "08:00",
    }
    told = [problem.field for problem in refused(notifications, mistakes, monkeypatch).problems]
    assert sorted(told) == [
        "account",
        "databases.notifications.auto_pause_minutes",
        "network.zones",
        "queue.visibility_timeout_seconds",
        "services.api.drain_seconds",
        "services.api.port",
        "worker.max_concurrency",
        "worker.memory_mib",
        "working_hours.end",
    ]


def test_a_section_that_cannot_be_made_does_not_hide_what_is_wrong_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a person writes it: the class itself refuses a section while the module is read."""

    def make() -> SystemConfig:
        config = notifications()
        queue = type(config.queue)(depth_alarm_messages=0)  # type: ignore[misc]
        return changed(config, queue=queue, working_hours__end="08:00")  # type: ignore[no-any-return]

    offer(monkeypatch, {"dev": make})
    with pytest.raises(ConfigError) as error:
        load("notifications", "dev")
    assert [problem.field for problem in error.value.problems] == ["queue.depth_alarm_messages", "working_hours.end"]


def test_one_wrong_service_does_not_hide_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """In whichever order they stand: a rule cannot read the first any further."""
    mistakes = {"services__user__min_tasks": "x", "services__user__cpu_units": [], "services__order__min_tasks": 9}
    told = [problem.field for problem in refused(ecommerce, mistakes, monkeypatch).problems]
    assert sorted(told) == ["services.order.min_tasks", "services.user.cpu_units", "services.user.min_tasks"]


@pytest.mark.parametrize("version", [18.4, 18, None, ["18.4"]])
def test_a_version_that_is_no_text_is_refused_and_not_looked_up(
    version: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = changed(notifications(), databases__notifications__engine_version=version)
    offer(monkeypatch, {"dev": lambda: config})
    with pytest.raises(ConfigError) as error:
        load_on(Calendar(today="2026-11-21", soon="2027-05-20"), "notifications", "dev")
    assert [problem.field for problem in error.value.problems] == ["databases.notifications.engine_version"]


def test_no_amount_is_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is one that is no number: what is computed from it would be neither."""

    def make() -> SystemConfig:
        traffic = TrafficConfig(
            requests_per_month=1, out_gib_per_month=float("nan"), nat_gib_per_month=0, log_gib_per_month=0
        )
        return changed(notifications(), cost=CostConfig(monthly_budget_usd=float("inf"), traffic=traffic))  # type: ignore[no-any-return]

    offer(monkeypatch, {"dev": make})
    with pytest.raises(ConfigError) as error:
        load("notifications", "dev")
    assert sorted(problem.field for problem in error.value.problems) == [
        "cost.monthly_budget_usd",
        "cost.traffic.out_gib_per_month",
    ]


@pytest.mark.parametrize("value", [10**5000, "x" * 100_000, "a\nb"], ids=["huge", "long", "two lines"])
def test_whatever_is_written_there_a_fault_is_one_short_line(value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    told = str(refused(notifications, {"services__api__program": value}, monkeypatch))
    subject, *lines = told.splitlines()
    assert subject == "configuration notifications/dev:"
    assert all(line.startswith("  services.api.") and len(line) < 2100 for line in lines)


PLACE = Place(account="123456789012", region="eu-central-1", is_aws=True, database_instance_type="db.t3.micro")


@pytest.mark.parametrize(
    ("changes", "place", "field", "told"),
    [
        ({"account": "210987654321"}, {}, "account", "the CLI is about to deploy to 123456789012; sign in to account"),
        ({"region": "eu-west-1"}, {}, "region", "the CLI is about to deploy to eu-central-1"),
        ({}, {"region": "eu-middle-1"}, "region", "is none"),
        ({"network__zones": 3}, {"region": "us-west-1"}, "network.zones", "has 2 zones in us-west-1"),
        (
            {"load_balancer__certificate_arn": CERTIFICATE},
            {"region": "eu-west-1"},
            "load_balancer.certificate_arn",
            "one of region eu-west-1",
        ),
        (
            {"load_balancer__certificate_arn": CERTIFICATE},
            {"account": "210987654321"},
            "load_balancer.certificate_arn",
            "one of account 210987654321",
        ),
    ],
)
def test_a_wrong_place_is_told(changes: dict[str, Any], place: dict[str, Any], field: str, told: str) -> None:
    there = Place(
        **{name: place.get(name, getattr(PLACE, name)) for name in ("account", "region")},
        is_aws=True,
        database_instance_type="db.t3.micro",
    )
    problems = check_in_place(changed(notifications(), **changes), there)
    assert {problem.field for problem in problems} == {field}
    assert told in str(problems[0])


def test_an_embedded_cloud_stands_for_every_place() -> None:
    config = changed(notifications(), account="210987654321", region="eu-west-1")
    there = Place(account="000000000000", region="us-east-1", is_aws=False, database_instance_type="db.t3.micro")
    assert check_in_place(config, there) == []
