"""What people read of a configuration: environments beside one another, each field with what it means."""

import json
from pathlib import Path

import pytest

from config.cli import main
from config.load import environments_of, load, system_names
from config.side_by_side import ABSENT, PRESENT, Row, Sides, side_by_side
from config.side_by_side_text import DIFFERS, as_json, as_text
from tests.config.given import written
from tests.config.test_modules import MODULE

TWO = MODULE.replace(
    'ENVIRONMENTS = {"dev": dev}',
    """
def prod():
    it = dev()
    return it.model_copy(update={"environment": "prod", **CHANGES})

CHANGES = {"owner": "you", "queue": QueueConfig(depth_alarm_messages=7), "worker": None}
ENVIRONMENTS = {"dev": dev, "prod": prod}
""",
)


def row(sides: Sides, field: str) -> Row:
    (found,) = [each for each in sides.rows if each.field == field]
    return found


@pytest.mark.parametrize("system", system_names())
def test_every_field_of_every_environment_is_shown(system: str) -> None:
    sides = side_by_side(system)
    assert sides.environments == tuple(environments_of(system))
    assert [each.field for each in sides.rows if tuple(each.values) != sides.environments] == []
    assert len({each.field for each in sides.rows}) == len(sides.rows)
    for name, make in environments_of(system).items():
        assert row(sides, "network.cidr").values[name] == make().network.cidr


def test_what_differs_is_marked(tmp_path: Path) -> None:
    with written(tmp_path, TWO) as system:
        sides = side_by_side(system)
    assert {each.field for each in sides.rows if each.differs} >= {"environment", "owner"}
    assert not row(sides, "network.zones").differs
    lines = as_text([sides], width=160).splitlines()
    assert [line for line in lines if line.startswith(f"{DIFFERS}  owner ")]
    assert [line for line in lines if line.startswith("   network.zones ")]


def test_an_absent_section_is_shown_as_absent(tmp_path: Path) -> None:
    with written(tmp_path, TWO) as system:
        sides = side_by_side(system)
    assert row(sides, "queue").values == {"dev": ABSENT, "prod": PRESENT}
    assert row(sides, "queue.depth_alarm_messages").values == {"dev": ABSENT, "prod": "7"}
    assert row(sides, "worker").values == {"dev": ABSENT, "prod": ABSENT}
    assert "queue.depth_alarm_messages" in [each.field for each in sides.rows if each.differs]


def test_what_rules_refuse_is_a_note_and_shown_all_the_same(tmp_path: Path) -> None:
    """prod needs a certificate, which a deployment passes; the worker of this one is missing."""
    with written(tmp_path, TWO) as system:
        sides = side_by_side(system)
    assert list(sides.notes) == ["prod"]
    assert any("certificate_arn = None" in note for note in sides.notes["prod"])
    assert "prod is refused as it stands: " in as_text([sides], width=200)


def test_of_wrong_fields_the_fault_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with written(tmp_path, TWO.replace("zones=2", "zones=7")) as system:
        assert main(["compare", "--system", system]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "network.zones = 7: out of range" in told.err


def test_a_copy_with_wrong_fields_is_told_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with written(tmp_path, TWO.replace('"owner": "you"', '"network": 3')) as system:
        assert main(["compare", "--system", system]) == 2
    told = capsys.readouterr()
    assert "network = 3" in told.err
    assert "Traceback" not in told.err


def test_rows_that_are_alike_in_all_of_a_kind_are_one() -> None:
    sides = side_by_side("ecommerce")
    fields = {each.field for each in sides.rows}
    assert "databases.*.engine_version" in fields
    assert "databases.user.engine_version" not in fields
    assert {"services.user.port", "services.order.port"} <= fields
    assert row(sides, "services.*.max_tasks").values == {"dev": "1", "prod": "6"}
    config = load("ecommerce", "dev")
    assert {each.engine_version for each in config.databases.values()} == {
        row(sides, "databases.*.engine_version").values["dev"]
    }


def test_a_field_comes_with_docstring_unit_range_and_default() -> None:
    text = " ".join(as_text([side_by_side("notifications")], width=400).split())
    assert (
        "databases.notifications.min_acu 0 0.5 1 Capacity floor in Aurora Capacity Units; 0 lets an idle cluster "
        "pause. [in ACU; 0 to 256; in steps of 0.5; required]" in text
    )
    assert "log_retention_days 30 30 30 Days CloudWatch keeps logs. [default 30]" in text


def test_only_differences(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--system", "notifications", "--differences", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["notifications"]
    assert found["environments"] == ["dev", "staging", "prod"]
    assert all(field["differs"] for field in found["fields"])
    assert "network.zones" in [field["field"] for field in found["fields"]]
    assert "network.cidr" not in [field["field"] for field in found["fields"]]


def test_for_programs_there_is_everything() -> None:
    found = json.loads(as_json([side_by_side("platform")]))["platform"]
    (port,) = [field for field in found["fields"] if field["field"] == "services.api.port"]
    assert port == {
        "field": "services.api.port",
        "values": {"dev": "4000", "prod": "4000"},
        "differs": False,
        "type": "whole number",
        "unit": "TCP port",
        "allowed": "1024 to 65,535",
        "default": "3000",
        "meaning": "TCP port the container listens on.",
    }
    assert "certificate_arn" in found["refused"]["prod"][0]


def test_all_systems_come_without_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == system_names()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["compare", "--system", "newsletter"], "system = 'newsletter': no such system; allowed: "),
        (["compare", "--systems"], "unrecognized arguments: --systems; see python -m config --help"),
        ([], "the following arguments are required: COMMAND"),
        (["docs", "--output", "/nowhere/at/all.md"], "/nowhere/at/all.md"),
    ],
)
def test_bad_input_is_one_message(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert told in capsys.readouterr().err
