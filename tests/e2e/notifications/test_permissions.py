from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.cloud import DeployedCloud


def as_role(cloud: DeployedCloud, arn: str, service: str) -> Any:
    """A client with the permissions of a role. The emulator lets its administrator assume every role."""
    given = cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="e2e")["Credentials"]
    return cloud.client(
        service,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


@pytest.fixture(params=["worker", "api"])
def role(request: pytest.FixtureRequest, cloud: DeployedCloud) -> str:
    """The role under which a workload runs."""
    if request.param == "worker":
        function = cloud.output("Worker", "FunctionName")
        return str(cloud.client("lambda").get_function_configuration(FunctionName=function)["Role"])
    ecs = cloud.client("ecs")
    names = {"cluster": cloud.output("Api", "ClusterName"), "services": [cloud.output("Api", "ServiceName")]}
    definition = ecs.describe_services(**names)["services"][0]["taskDefinition"]
    return str(ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]["taskRoleArn"])


def test_a_workload_reads_its_own_secret_and_lists_none(cloud: DeployedCloud, role: str) -> None:
    secrets = as_role(cloud, role, "secretsmanager")
    assert secrets.get_secret_value(SecretId=cloud.output("Database", "SecretArn"))["SecretString"]
    with pytest.raises(ClientError, match="secretsmanager:ListSecrets"):
        secrets.list_secrets()


def test_a_workload_sees_no_buckets(cloud: DeployedCloud, role: str) -> None:
    with pytest.raises(ClientError, match="s3:ListAllMyBuckets"):
        as_role(cloud, role, "s3").list_buckets()


def test_a_workload_purges_no_queue(cloud: DeployedCloud, role: str) -> None:
    with pytest.raises(ClientError, match="sqs:PurgeQueue"):
        as_role(cloud, role, "sqs").purge_queue(QueueUrl=cloud.output("Queue", "QueueUrl"))
