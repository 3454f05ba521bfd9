"""Every secret that holds a credential of ours is rotated, or is listed with why it is not."""

import json
import re

import pytest

from tests.support.synth import Assembly, all_environments, synthesize
from tests.sweeps.rotation import WITHOUT_ROTATION

_HASH = re.compile(r"[0-9A-F]{8}$")


@pytest.fixture(params=all_environments(), ids="/".join)
def assembly(request: pytest.FixtureRequest) -> Assembly:
    return synthesize(*request.param)


def unrotated(assembly: Assembly) -> dict[str, str]:
    """Name of each secret without a schedule, by its place."""
    schedules = [
        (place.partition("/")[0], json.dumps(each["Properties"]["SecretId"]))
        for place, each in assembly.resources("AWS::SecretsManager::RotationSchedule").items()
    ]
    found = {}
    for place in assembly.resources("AWS::SecretsManager::Secret"):
        stack, _, name = place.partition("/")
        if (stack, json.dumps({"Ref": name})) not in schedules:
            found[place] = _HASH.sub("", name)
    return found


def test_every_secret_is_rotated_or_listed(assembly: Assembly) -> None:
    assert {place: name for place, name in unrotated(assembly).items() if name not in WITHOUT_ROTATION} == {}


def test_rotation_is_within_a_year(assembly: Assembly) -> None:
    for place, schedule in assembly.resources("AWS::SecretsManager::RotationSchedule").items():
        assert schedule["Properties"]["RotationRules"]["AutomaticallyAfterDays"] <= 365, place


def test_master_passwords_are_rotated_by_rds(assembly: Assembly) -> None:
    for kind in ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance"):
        for place, database in assembly.resources(kind).items():
            properties = database["Properties"]
            assert "MasterUserPassword" not in properties, place
            assert properties.get("ManageMasterUserPassword") is True or "DBClusterIdentifier" in properties, place


def test_nothing_is_listed_that_is_not_there() -> None:
    seen = {name for names in all_environments() for name in unrotated(synthesize(*names)).values()}
    assert WITHOUT_ROTATION.keys() - seen == set()
