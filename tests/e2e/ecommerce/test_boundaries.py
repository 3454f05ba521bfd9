from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.cloud import DeployedCloud

SERVICES = ("user", "product", "order", "payment", "notification", "search", "inventory")


def secrets_of(cloud: DeployedCloud, service: str) -> Any:
    """A client of Secrets Manager with the permissions of a service's tasks."""
    return cloud.as_role(cloud.task_role(f"{service.title()}ServiceName"), "secretsmanager")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reads_the_secret_of_its_own_user_and_no_other(cloud: DeployedCloud, service: str) -> None:
    client = secrets_of(cloud, service)
    for owner in SERVICES:
        (own,) = cloud.user_secrets(owner.title()).values()
        for arn in (own, cloud.output("Database", f"{owner.title()}DatabaseSecretArn")):
            if owner == service and arn == own:
                assert client.get_secret_value(SecretId=arn)["SecretString"]
            else:
                with pytest.raises(ClientError, match="secretsmanager:GetSecretValue"):
                    client.get_secret_value(SecretId=arn)


def test_each_service_has_a_server_of_its_own(cloud: DeployedCloud) -> None:
    instances = cloud.client("rds").describe_db_instances()["DBInstances"]
    assert len({each["Endpoint"]["Port"] for each in instances}) == len(SERVICES)


def test_status_says_what_is_no_real_server(cloud: DeployedCloud) -> None:
    done = cloud.operate("status")
    assert done.returncode == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    for kind, count in (("PostgreSQL", "7"), ("RabbitMQ", "1"), ("Redis", "1"), ("tasks", "7")):
        assert [kind, count] in lines
    assert "no OpenSearch engine is at hand" in done.stdout
    assert "no OpenSearch engine is at hand" in cloud.printed
