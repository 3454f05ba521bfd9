"""The guard of the matrix: no field of the tree, and no override, may be left out of it."""

from itertools import combinations
from typing import Any

import pytest
from pydantic import Field

from config.model import Section, SystemConfig
from config.rules import check
from tests.matrix.fields import NOTHING, SOMETHING, declared, missing, seen, wanted
from tests.matrix.rows import PROVIDERS, rows
from tests.matrix.system import KINDS

# A rule lets neither be without the other.
COUPLED = {"queue and worker"}
FIELDS = dict(declared())
SEEN = seen(row.config for row in rows().values())
# What switches something: in each kind of environment, not in one of them only.
SWITCHES = {
    path: annotation
    for path, annotation in FIELDS.items()
    if wanted(annotation) and wanted(annotation) <= {NOTHING, SOMETHING, "True", "False"}
}


def test_no_field_is_left_out() -> None:
    """A field that a configuration may set and no test ever does may be wrong for years."""
    left = {path: missing(annotation, SEEN.get(path, {})) for path, annotation in FIELDS.items()}
    told = {
        path: f"add to the options in tests/matrix: {', '.join(sorted(ways))}" for path, ways in left.items() if ways
    }
    assert told == {}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_switched_is_on_and_off_in_every_kind_of_environment(kind: str) -> None:
    found = seen(row.config for row in rows().values() if row.config.environment == kind)
    left = {path: missing(annotation, found.get(path, {})) for path, annotation in SWITCHES.items()}
    assert {path: ways for path, ways in left.items() if ways} == {}
    assert len(SWITCHES) > 40


def test_every_provider_has_every_kind_of_environment() -> None:
    assert {(row.provider, row.config.environment) for row in rows().values()} == {
        (provider, kind) for provider in PROVIDERS for kind in KINDS
    }


@pytest.mark.parametrize("name", rows())
def test_no_rule_is_broken(name: str) -> None:
    assert [str(problem) for problem in check(rows()[name].config)] == []


def test_no_two_switches_go_the_same_way() -> None:
    """Where one would always be on with the other, neither would be seen alone."""
    columns: dict[str, list[str]] = {}
    for path in SWITCHES:
        for place in SEEN[path]:
            values = [seen([row.config]).get(path, {}).get(place) for row in rows().values()]
            column = ["off" if each and each & {NOTHING, "False"} else "on" for each in values]
            if all(values) and len(set(column)) > 1:
                columns[place] = column
    assert len(columns) > 10
    pairs = {
        f"{one} and {other}": set(zip(columns[one], columns[other], strict=True))
        for one, other in combinations(columns, 2)
    }
    assert {names for names, found in pairs.items() if len(found) < 3} == COUPLED


class _Part(Section):
    on: bool = False
    size: int = Field(default=1)


class _Tree(Section):
    part: _Part | None = None


@pytest.mark.parametrize(
    ("configs", "left"),
    [
        ([_Tree()], {"part": {SOMETHING}, "part.on": {"True", "False"}, "part.size": {"two values; so far: none"}}),
        (
            [_Tree(), _Tree(part=_Part())],
            {"part": None, "part.on": {"True"}, "part.size": {"two values; so far: 1"}},
        ),
        ([_Tree(), _Tree(part=_Part(on=True)), _Tree(part=_Part(size=2))], dict.fromkeys(["part", "part.on"])),
    ],
)
def test_a_field_that_is_left_out_is_told(configs: list[Any], left: dict[str, set[str] | None]) -> None:
    fields = dict(declared(_Tree))
    found = seen(configs)
    assert {path: missing(fields[path], found.get(path, {})) for path in left} == left


def test_sections_of_every_form_are_walked() -> None:
    assert {
        "databases.*.AuroraConfig.readers",
        "databases.*.InstanceConfig.multi_az",
        "monitoring.MonitoringConfig.prometheus.kind",
        "monitoring.Without.reason",
        "services.*.uses.channels",
        "services.*.route.paths",
        "storage.buckets.*.expire_days",
    } <= FIELDS.keys()
    assert SystemConfig.model_fields.keys() <= FIELDS.keys()
