import json

import pytest
from botocore.exceptions import ClientError

from config.database_users import logins
from tests.e2e.cloud import DeployedCloud


@pytest.fixture(params=["worker", "api"])
def user(request: pytest.FixtureRequest) -> str:
    """The database's user that a workload signs in as."""
    return str(request.param)


@pytest.fixture
def role(user: str, cloud: DeployedCloud) -> str:
    """The role under which that workload runs."""
    if user == "worker":
        function = cloud.output("Worker", "FunctionName")
        return str(cloud.client("lambda").get_function_configuration(FunctionName=function)["Role"])
    return cloud.task_role("ApiServiceName")


def test_a_workload_reads_its_own_users_secret_and_no_other(cloud: DeployedCloud, role: str, user: str) -> None:
    secrets = cloud.as_role(role, "secretsmanager")
    others = cloud.user_secrets("Notifications")
    assert json.loads(secrets.get_secret_value(SecretId=others.pop(user))["SecretString"])["username"] in logins(user)
    assert others
    for arn in (*others.values(), cloud.output("Database", "NotificationsDatabaseSecretArn")):
        with pytest.raises(ClientError, match="secretsmanager:GetSecretValue"):
            secrets.get_secret_value(SecretId=arn)


def test_a_workload_lists_no_secrets(cloud: DeployedCloud, role: str) -> None:
    secrets = cloud.as_role(role, "secretsmanager")
    with pytest.raises(ClientError, match="secretsmanager:ListSecrets"):
        secrets.list_secrets()


def test_a_workload_sees_no_buckets(cloud: DeployedCloud, role: str) -> None:
    with pytest.raises(ClientError, match="s3:ListAllMyBuckets"):
        cloud.as_role(role, "s3").list_buckets()


def test_a_workload_purges_no_queue(cloud: DeployedCloud, role: str) -> None:
    with pytest.raises(ClientError, match="sqs:PurgeQueue"):
        cloud.as_role(role, "sqs").purge_queue(QueueUrl=cloud.output("Queue", "QueueUrl"))
