"""Hours with so many tasks, out of scheduled actions."""

from typing import Any

import pytest

from assembly.cost.hours import periods, runs_per_month
from assembly.errors import InputError
from assembly.templates import Resource

HOURS = 730


def action(schedule: str, least: int | None = None, most: int | None = None, zone: str = "UTC") -> dict[str, Any]:
    bounds = {"MinCapacity": least, "MaxCapacity": most}
    return {
        "ScheduledActionName": "Change",
        "Schedule": schedule,
        "Timezone": zone,
        "ScalableTargetAction": {name: value for name, value in bounds.items() if value is not None},
    }


def target(least: int, most: int, *actions: dict[str, Any]) -> Resource:
    properties = {"MinCapacity": least, "MaxCapacity": most, "ScheduledActions": list(actions)}
    kind = "AWS::ApplicationAutoScaling::ScalableTarget"
    return Resource(stack="shop", logical_id="Tasks", type=kind, properties=properties, path="Tasks", region=None)


def hours(of: Resource) -> dict[tuple[float, float], float]:
    """Hours a month by the bounds in force."""
    return {(each.least, each.most): each.hours for each in periods(of)}


def test_without_a_schedule_the_bounds_hold_all_month() -> None:
    assert hours(target(1, 2)) == {(1, 2): HOURS}


def test_nights_of_every_day() -> None:
    found = hours(target(2, 6, action("cron(0 6 * * ? *)", 2, 6), action("cron(0 22 * * ? *)", 1, 3)))
    # Sixteen hours of each day, and eight.
    assert found == pytest.approx({(2, 6): HOURS * 16 / 24, (1, 3): HOURS * 8 / 24})


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata"])
@pytest.mark.parametrize("days", ["MON-FRI", "2-6", "MON,TUE,WED,THU,FRI"])
def test_eight_hours_of_working_days(days: str, zone: str) -> None:
    morning = action(f"cron(0 9 ? * {days} *)", 1, 2, zone)
    evening = action(f"cron(0 17 ? * {days} *)", 0, 0, zone)
    found = hours(target(1, 2, morning, evening))
    # 2026 has 261 days from Monday to Friday: 174 hours in each of its twelve months.
    assert found == pytest.approx({(1, 2): 261 * 8 / 12, (0, 0): HOURS - 174})
    assert found[1, 2] == pytest.approx(174)


def test_an_action_leaves_the_bound_that_it_does_not_name() -> None:
    found = hours(target(1, 4, action("cron(0 12 * * ? *)", 2), action("cron(0 0 * * ? *)", 1)))
    assert found == pytest.approx({(1, 4): HOURS / 2, (2, 4): HOURS / 2})


def test_a_week_over_the_end_of_its_range_is_all_of_it() -> None:
    night = action("cron(0 18 ? * MON-SUN *)", 0, 0)
    assert hours(target(1, 1, action("cron(0 6 ? * MON-SUN *)", 1, 1), night)) == pytest.approx(
        {(1, 1): HOURS / 2, (0, 0): HOURS / 2}
    )


def test_actions_in_different_time_zones_are_put_on_one_clock() -> None:
    # Nine in the morning in Tokyo is midnight of UTC, all year.
    found = hours(target(1, 1, action("cron(0 9 * * ? *)", 1, 1, "Asia/Tokyo"), action("cron(0 6 * * ? *)", 0, 0)))
    assert found == pytest.approx({(1, 1): HOURS / 4, (0, 0): HOURS * 3 / 4})


def test_a_single_occasion_counts_for_nothing() -> None:
    assert hours(target(1, 2, action("at(2026-12-24T18:00:00)", 0, 0))) == {(1, 2): HOURS}


@pytest.mark.parametrize(
    ("schedule", "zone", "told"),
    [
        ("rate(5 minutes)", "UTC", "schedule 'rate(5 minutes)' is not understood; allowed: cron"),
        ("cron(0 9 ? * MON#1 *)", "UTC", "is not understood"),
        ("cron(0 25 * * ? *)", "UTC", "is not understood"),
        ("cron(0 9 * * ? 2027)", "UTC", "is not understood"),
        ("cron(0 9 * * ? *)", "Europe/Atlantis", "Europe/Atlantis is no time zone known here"),
    ],
)
def test_what_is_not_understood_is_refused_by_its_name(schedule: str, zone: str, told: str) -> None:
    with pytest.raises(InputError) as refused:
        periods(target(1, 2, action(schedule, 0, 0, zone)))
    assert str(refused.value).startswith("shop: scheduled action Change of Tasks: ")
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("expression", "runs"),
    [
        ("rate(1 minute)", 730 * 60),
        ("rate(2 hours)", 365),
        ("cron(0 2 * * ? *)", 365 / 12),
        ("cron(0/15 * 1 * ? *)", 12 * 24 * 4 / 12),
        # 2026 begins and ends with a Thursday.
        ("cron(0 2 ? * THU *)", 53 / 12),
        ("cron(0 2 ? * 5 *)", 53 / 12),
        ("cron(0 2 ? * WED *)", 52 / 12),
        ("cron(0 2 ? JAN-MAR MON *)", (4 + 4 + 5) / 12),
        ("at(2026-12-24T18:00:00)", 0),
    ],
)
def test_runs_of_a_month(expression: str, runs: float) -> None:
    assert runs_per_month(expression, "shop: Nightly") == pytest.approx(runs)


@pytest.mark.parametrize("expression", ["rate(0 minutes)", "rate(x hours)", "rate(1 week)", "daily", "cron(0 2 * *)"])
def test_a_schedule_that_is_none_is_refused(expression: str) -> None:
    with pytest.raises(InputError, match=r"^shop: Nightly: schedule .* is not understood"):
        runs_per_month(expression, "shop: Nightly")
