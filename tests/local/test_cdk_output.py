import json
from pathlib import Path

import pytest

from local.cdk_output import DeployProgress, Phase

# As printed by the pinned CLI; times and identifiers shortened.
OUTPUT = """\

✨  Synthesis time: 3.31s

t-dev-queue: start: Building t-dev-queue Template
t-dev-queue: start: Publishing Queue/Code (000000000000-us-east-1-1c38a5b1)
t-dev-queue: start: Publishing t-dev-queue Template (000000000000-us-east-1-39599e22)
t-dev-queue: success: Published t-dev-queue Template (000000000000-us-east-1-39599e22)
Queue (t-dev-queue)
t-dev-queue: creating CloudFormation changeset...
Network (t-dev-network): deploying... [1/3]
Queue (t-dev-queue): deploying... [2/3]
t-dev-queue | 0/2 | 3:36:11 AM | REVIEW_IN_PROGRESS      | AWS::CloudFormation::Stack | t-dev-queue
t-dev-queue | 1/2 | 3:36:11 AM | CREATE_COMPLETE         | AWS::SQS::Queue            | Queue/Q (Q63C6E3AB)
t-dev-queue |  2/2 | 3:36:11 AM | CREATE_COMPLETE         | AWS::CloudFormation::Stack | t-dev-queue

 ✅  Queue (t-dev-queue)

✨  Deployment time: 0.08s

✅  Network (t-dev-network) (no changes)
Api (t-dev-api): deploying... [3/3]
t-dev-api |  2/9 | 3:38:25 AM | UPDATE_FAILED     | AWS::Lambda::Function | Api/Bad (Bad) no such layer: b'{"x": 1}'
t-dev-api |  2/9 | 3:38:25 AM | UPDATE_ROLLBACK_IN_PROG | AWS::CloudFormation::Stack | t-dev-api Failed: [Bad].

Failed resources:
t-dev-api | 3:38:25 AM | UPDATE_FAILED     | AWS::Lambda::Function | Api/Bad (Bad) no such layer: b'{"x": 1}'
❌  t-dev-api failed to deploy
"""


@pytest.fixture
def progress(tmp_path: Path) -> DeployProgress:
    nested = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Stage"}}
    (tmp_path / "manifest.json").write_text(
        json.dumps({"artifacts": {**artifact("Network"), **artifact("Queue"), "Stage": nested, "Tree": {}}})
    )
    (tmp_path / "assembly-Stage").mkdir()
    (tmp_path / "assembly-Stage/manifest.json").write_text(json.dumps({"artifacts": artifact("Api")}))
    clock = iter(range(1000))
    return DeployProgress(tmp_path, clock=lambda: float(next(clock)))


def artifact(identifier: str) -> dict[str, object]:
    properties = {"stackName": f"t-dev-{identifier.lower()}"}
    return {identifier: {"type": "aws:cloudformation:stack", "displayName": identifier, "properties": properties}}


def test_a_deployment_is_followed_to_its_end(progress: DeployProgress) -> None:
    for line in OUTPUT.splitlines():
        progress.read(line + "\n")
    assert list(progress.stacks) == ["t-dev-network", "t-dev-queue", "t-dev-api"]
    network, queue, api = progress.stacks.values()
    assert (network.phase, network.seconds) == (Phase.UNCHANGED, 0.0)
    assert (queue.phase, queue.resources_done, queue.resources_total) == (Phase.DONE, 2, 2)
    assert queue.seconds == 3.0  # from the first asset on: publishing, two steps of others and of its own, done
    assert progress.failures() == [api]
    assert api.failures == ["""Api/Bad (AWS::Lambda::Function): no such layer: b'{"x": 1}'"""]
    assert progress.order == [
        ("Queue", Phase.PUBLISHING),
        ("Network", Phase.DEPLOYING),
        ("Queue", Phase.DEPLOYING),
        ("Queue", Phase.DONE),
        ("Network", Phase.UNCHANGED),
        ("Api", Phase.DEPLOYING),
        ("Api", Phase.FAILED),
    ]


def test_lines_that_are_not_understood_change_nothing(progress: DeployProgress) -> None:
    for line in ("", "x | y", "✅  Other (t-dev-other)", "\x1b[1mbold\x1b[0m"):
        assert progress.read(line) is None
    assert {stack.phase for stack in progress.stacks.values()} == {Phase.WAITING}
    assert progress.order == []
