"""Every row of the matrix: it synthesizes, keeps what holds everywhere, and shows what its options ask for."""

import inspect
from collections.abc import Mapping
from functools import cache

import pytest

from assembly.layering.check import check, waves
from assembly.layering.references import dangling
from assembly.layering.stacks import read_stacks
from config.model import SystemConfig
from config.rules import check as check_rules
from tests.matrix.alone import ALONE, TOGETHER, after, before
from tests.matrix.fields import seen
from tests.matrix.rows import Row, rows
from tests.matrix.traces import Features, Place, features, leaves_a_trace, places
from tests.stacks.test_topology import ORDER
from tests.support.synth import Assembly, synthesize_config
from tests.sweeps import test_encryption, test_everywhere, test_permissions, test_secrecy

# Sweeps of what not every system has: databases, and clients that verify a certificate, as they do on AWS only.
_OF_MORE = {"test_databases_refuse_connections_without_tls", "test_clients_verify_who_answers"}
# Fields that leave nothing in any template, and why.
TRACELESS: Mapping[str, str] = {
    "account": "compared with the account that the CLI is signed in to",
    "region": "compared with the region that the CLI is set to",
    "load_balancer.access_logs.reason": "read by people",
    "load_balancer.firewall.reason": "read by people",
    "load_balancer.plain_http_because": "read by people, and by the rule that asks for it",
    "network.flow_logs.reason": "read by people",
}


@cache
def synthesized(name: str) -> Assembly:
    row = rows()[name]
    return synthesize_config(row.config, row.provider)


@pytest.fixture(params=rows())
def row(request: pytest.FixtureRequest) -> Row:
    return rows()[request.param]


@pytest.fixture
def config(row: Row) -> SystemConfig:
    return row.config


@pytest.fixture
def assembly(row: Row) -> Assembly:
    return synthesized(row.name)


# Whatever holds of every resource of the systems that there are has to hold of any other.
_SWEEPS = {
    name: sweep
    for module in (test_everywhere, test_secrecy, test_permissions, test_encryption)
    for name, sweep in vars(module).items()
    if name.startswith("test_") and "assembly" in inspect.signature(sweep).parameters and name not in _OF_MORE
}
globals().update(_SWEEPS)


def test_the_sweeps_are_among_these() -> None:
    assert len(_SWEEPS) >= 17
    assert {*vars(test_secrecy)} >= _OF_MORE


def test_stacks_keep_to_their_order(assembly: Assembly) -> None:
    stacks = read_stacks(assembly.folder)
    assert [str(finding) for finding in check(stacks, ORDER)] == []
    assert dangling(stacks) == []
    # One may be sooner than its level, where what it would wait for is left out; none waits for its own level.
    levels = ORDER.among(stack.name for stack in stacks)
    level_of = {name: number for number, level in enumerate(levels) for name in level}
    assert {name for number, wave in enumerate(waves(stacks)) for name in wave if number > level_of[name]} == set()


@cache
def all_places() -> frozenset[Place]:
    return places([features(synthesized(name)) for name in rows()])


@cache
def columns() -> Mapping[str, tuple[frozenset[str] | None, ...]]:
    """By the place of a field, its values in each row; None where the part that it belongs to is not there."""
    found = [
        {place: values for places in seen([row.config]).values() for place, values in places.items()}
        for row in rows().values()
    ]
    names = sorted({place for each in found for place in each})
    return {name: tuple(frozenset(each[name]) if name in each else None for each in found) for name in names}


def test_every_field_leaves_a_trace() -> None:
    """A field whose values all give the same templates promises what nothing keeps."""
    varied = {place: values for place, values in columns().items() if len({value for value in values if value}) > 1}
    untold = {place for place, values in varied.items() if not leaves_a_trace(values, all_places())}
    looked_at = {*TRACELESS, *ALONE, *TOGETHER}
    # The fields of a part that is exact or not there at all go with the part.
    assert {place for place in untold if not any(f"{place}.".startswith(f"{each}.") for each in looked_at)} == set()
    assert untold >= TRACELESS.keys()
    assert len(varied) > 100


@cache
def features_before() -> Features:
    return features(synthesize_config(before()))


@pytest.mark.parametrize("place", [*ALONE, *TOGETHER])
def test_what_shows_only_beside_others_leaves_a_trace(place: str) -> None:
    changed = after(place)
    assert [str(problem) for config in (before(), changed) for problem in check_rules(config)] == []
    if place in ALONE:
        assert {each for each in differing(before(), changed) if not f"{each}.".startswith(f"{place}.")} == set()
    # Not compared in the assertion itself, which would print all of both.
    leaves_none = features(synthesize_config(changed)) == features_before()
    assert not leaves_none


def differing(one: SystemConfig, other: SystemConfig) -> set[str]:
    """Places in which two configurations differ."""
    (first, second) = (
        {place: values for places in seen([each]).values() for place, values in places.items()} for each in (one, other)
    )
    return {place for place in first.keys() | second.keys() if first.get(place) != second.get(place)}
