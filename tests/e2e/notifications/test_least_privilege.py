"""The short form of `make least-privilege`: a grant of each kind of role is taken away, one role's conditions tried."""

from pathlib import Path

import pytest

from tests.e2e.cloud import DeployedCloud
from tests.least_privilege import conditions
from tests.least_privilege.ground import Deployed, Ground, Unit
from tests.least_privilege.reverse import Verdict, take_each
from tests.least_privilege.run import checks_of

# A part of the role's path, and what is taken from it.
_TAKEN = (
    ("Api/Api/Task/TaskRole", "sqs:SendMessage"),
    ("Api/Api/Task/ExecutionRole", "ecr:GetDownloadUrlForLayer"),
    ("Worker/Worker/", "ses:SendEmail"),
    ("Worker/Replay/", "sqs:ReceiveMessage"),
)


@pytest.mark.timeout(3000)
def test_a_grant_that_is_taken_away_is_missed(cloud: DeployedCloud) -> None:
    deployed = _deployed(cloud)
    units = [found for path, action in _TAKEN if (found := _unit(deployed, path, action))]
    assert len(units) == len(_TAKEN)
    taken = list(take_each(Ground(cloud.settings, [deployed]), units, checks_of))
    assert {each.unit.name: (each.verdict, each.told) for each in taken if each.verdict is not Verdict.RED} == {}


@pytest.mark.timeout(3000)
def test_what_a_condition_leaves_out_is_refused(cloud: DeployedCloud) -> None:
    deployed = _deployed(cloud)
    units = [each for each in deployed.units() if "Worker/Worker/" in each.role.path]
    held = list(conditions.try_each(Ground(cloud.settings, [deployed]), units))
    assert {"ses:SendEmail", "ec2:CreateNetworkInterface"} < {each.unit.granted.action for each in held}
    open_ones = {each.unit.name: each.told for each in held if each.verdict is not conditions.Verdict.HELD}
    assert open_ones == {}


def _deployed(cloud: DeployedCloud) -> Deployed:
    return Deployed(cloud.settings, system=cloud.system, env=cloud.env, assembly=Path(cloud.settings.assembly))


def _unit(deployed: Deployed, path: str, action: str) -> Unit | None:
    return next((each for each in deployed.units() if path in each.role.path and each.granted.action == action), None)
