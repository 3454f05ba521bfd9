"""`make deploy` on the deployed system: it stops a loss, and after a confirmed one the consumers follow."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.environment import child_environment
from tests.e2e.cloud import DeployedCloud

_BOUND_SECONDS = 400
_QUEUE = '            "Queue",\n'
_CLUSTER = '            "Cluster",\n'


def deploy(cloud: DeployedCloud, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As `make deploy CONTEXT="-c provider=local …"` does it, in a shell set up by `make env`."""
    # What `make up` deploys with, so that nothing but the edit differs.
    receiver = cloud.settings.receiver_url
    context = [
        "system=notifications",
        "env=dev",
        "provider=local",
        f"telegram_base_url={receiver}",
        f"webhook_hosts_allowed_inside={receiver.removeprefix('https://')}",
    ]
    return subprocess.run(  # noqa: S603 - the command under test
        [
            *("python", "-m", "deployment", "--folder", "build/deploy", "--yes"),
            *(part for each in context for part in ("-c", each)),
            *arguments,
        ],
        cwd=cloud.settings.root,
        env=child_environment(cloud.settings, os.environ) | {"CDK_VALIDATION": "false"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_BOUND_SECONDS,
        check=False,
    )


def edit(path: Path, old: str, new: str) -> str:
    """Change a line of the code; returns all of it as it was."""
    text = path.read_text()
    assert text.count(old) == 1, f"{path.name} has changed: {old.strip()}"
    path.write_text(text.replace(old, new))
    return text


def test_a_renamed_cluster_is_stopped(cloud: DeployedCloud) -> None:
    path = cloud.settings.root / "constructs_lib" / "aurora.py"
    before = cloud.cluster()["ClusterCreateTime"]
    original = edit(path, _CLUSTER, _CLUSTER.replace("Cluster", "Store"))
    try:
        done = deploy(cloud)
    finally:
        path.write_text(original)
    assert done.returncode == 1, done.stderr
    assert 'override_logical_id("NotificationsClusterF92544EA")' in done.stdout
    assert "nothing is deployed, because data would be lost with: notifications-dev-database/" in done.stderr
    assert cloud.cluster()["ClusterCreateTime"] == before


# Three deployments, each of which has a bound of its own, which says more.
@pytest.mark.timeout(1800)
def test_a_confirmed_replacement_reaches_its_consumers(cloud: DeployedCloud) -> None:
    """Their templates stay the same when the queue is replaced: without force they would go on with the old one."""
    path = cloud.settings.root / "constructs_lib" / "queue_with_dlq.py"
    original = edit(path, _QUEUE, f'{_QUEUE}            queue_name="another",\n')
    try:
        confirmed = deploy(cloud, "--confirm", "NotificationsQueue91395D8F")
        bound, variables = _sources(cloud), _environment(cloud)
    finally:
        path.write_text(original)
        back = deploy(cloud, "--confirm", "NotificationsQueue91395D8F")
        # Where to find things is known from the last `up`.
        cloud.up("--no-demo")
    for done in (confirmed, back):
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    for stack in ("Api", "Worker", "Monitoring"):
        assert f"--exclusively --force {stack}\n" in confirmed.stdout
    assert bound == ["another"]
    assert variables["QUEUE_URL"].endswith("/another")
    url = cloud.output("Queue", "QueueUrl")
    assert not url.endswith("/another")
    assert _sources(cloud) == [url.rpartition("/")[2]]
    assert _environment(cloud)["QUEUE_URL"] == url


def _sources(cloud: DeployedCloud) -> list[str]:
    """Names of the queues that functions are bound to."""
    mappings = cloud.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    return [mapping["EventSourceArn"].rpartition(":")[2] for mapping in mappings]


def _environment(cloud: DeployedCloud) -> dict[str, Any]:
    """The variables of the API's container."""
    ecs = cloud.client("ecs")
    names = {"cluster": cloud.output("Api", "ClusterName"), "services": [cloud.output("Api", "ApiServiceName")]}
    definition = ecs.describe_services(**names)["services"][0]["taskDefinition"]
    (container,) = ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]["containerDefinitions"]
    return {pair["name"]: pair["value"] for pair in container["environment"]}
