import pytest
from botocore.exceptions import ClientError

from tests.e2e.cloud import DeployedCloud


@pytest.fixture(params=["worker", "api"])
def role(request: pytest.FixtureRequest, cloud: DeployedCloud) -> str:
    """The role under which a workload runs."""
    if request.param == "worker":
        function = cloud.output("Worker", "FunctionName")
        return str(cloud.client("lambda").get_function_configuration(FunctionName=function)["Role"])
    return cloud.task_role("ApiServiceName")


def test_a_workload_reads_its_own_secret_and_lists_none(cloud: DeployedCloud, role: str) -> None:
    secrets = cloud.as_role(role, "secretsmanager")
    assert secrets.get_secret_value(SecretId=cloud.output("Database", "NotificationsDatabaseSecretArn"))["SecretString"]
    with pytest.raises(ClientError, match="secretsmanager:ListSecrets"):
        secrets.list_secrets()


def test_a_workload_sees_no_buckets(cloud: DeployedCloud, role: str) -> None:
    with pytest.raises(ClientError, match="s3:ListAllMyBuckets"):
        cloud.as_role(role, "s3").list_buckets()


def test_a_workload_purges_no_queue(cloud: DeployedCloud, role: str) -> None:
    with pytest.raises(ClientError, match="sqs:PurgeQueue"):
        cloud.as_role(role, "sqs").purge_queue(QueueUrl=cloud.output("Queue", "QueueUrl"))
