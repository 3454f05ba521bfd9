"""Who looks at the tasks of a cluster needs the permissions that AWS documents."""

from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.local.emulator.cloud import ACCOUNT, REGION, Cloud
from tests.local.emulator.test_authorization import assume

ECS = f"arn:aws:ecs:{REGION}:{ACCOUNT}"


def client(cloud: Cloud, name: str, statement: dict[str, Any]) -> Any:
    return cloud.client_of("ecs", assume(cloud, name, statement))


def test_tasks_are_listed_in_the_granted_cluster_only(cloud: Cloud) -> None:
    """Tasks of a whole cluster are no resource: only the condition tells one cluster from another."""
    for cluster in ("mine", "other"):
        cloud.client("ecs").create_cluster(clusterName=cluster)
    granted = {
        "Action": "ecs:ListTasks",
        "Resource": "*",
        "Condition": {"ArnEquals": {"ecs:cluster": f"{ECS}:cluster/mine"}},
    }
    lister = client(cloud, "lister-of-tasks", granted)
    assert lister.list_tasks(cluster="mine")["taskArns"] == []
    assert lister.list_tasks(cluster=f"{ECS}:cluster/mine")["taskArns"] == []
    with pytest.raises(ClientError, match="ecs:ListTasks"):
        lister.list_tasks(cluster="other")


def test_naming_the_cluster_as_resource_lets_nobody_list_its_tasks(cloud: Cloud) -> None:
    """AWS refuses it too: found here, it is not found in production."""
    granted = {"Action": "ecs:ListTasks", "Resource": f"{ECS}:cluster/mine"}
    with pytest.raises(ClientError, match="ecs:ListTasks"):
        client(cloud, "namer", granted).list_tasks(cluster="mine")


def test_tasks_are_described_by_their_own_arn(cloud: Cloud) -> None:
    cloud.client("ecs").create_cluster(clusterName="mine")
    describer = client(cloud, "describer", {"Action": "ecs:DescribeTasks", "Resource": f"{ECS}:task/mine/*"})
    # As long as a real one: the end of an id is taken for the whole.
    task_id = uuid4().hex
    for task in (task_id, f"{ECS}:task/mine/{task_id}"):
        assert describer.describe_tasks(cluster="mine", tasks=[task])["tasks"] == []
    with pytest.raises(ClientError, match="ecs:DescribeTasks"):
        describer.describe_tasks(cluster="other", tasks=[task_id])
