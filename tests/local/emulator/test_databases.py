"""A PostgreSQL cluster or instance of RDS is a real server, whose password is the secret's."""

import json
from collections.abc import Iterator
from typing import Any

import psutil
import psycopg
import pytest

from tests.local.emulator.cloud import Cloud, DeploymentError, asked
from tests.support.eventually import eventually

STACK = "databases"
CLUSTER = {
    "Engine": "aurora-postgresql",
    "EngineVersion": "18.6",
    "MasterUsername": "app",
    "ManageMasterUserPassword": True,
    "DatabaseName": "notes",
    "ServerlessV2ScalingConfiguration": {"MinCapacity": 0, "MaxCapacity": 2},
}
OUTPUTS = {
    "Host": {"Fn::GetAtt": ["Cluster", "Endpoint.Address"]},
    "Port": {"Fn::GetAtt": ["Cluster", "Endpoint.Port"]},
    "Secret": {"Fn::GetAtt": ["Cluster", "MasterUserSecret.SecretArn"]},
    "Id": {"Ref": "Cluster"},
}


def resources(**changes: Any) -> dict[str, Any]:
    member = {
        "Engine": "aurora-postgresql",
        "DBClusterIdentifier": {"Ref": "Cluster"},
        "DBInstanceClass": "db.serverless",
    }
    return {
        "Cluster": {"Type": "AWS::RDS::DBCluster", "Properties": {**CLUSTER, **changes}},
        "Writer": {"Type": "AWS::RDS::DBInstance", "Properties": member},
        "Reader": {"Type": "AWS::RDS::DBInstance", "Properties": member, "DependsOn": "Writer"},
    }


@pytest.fixture(scope="module")
def deployed(cloud: Cloud) -> Iterator[dict[str, str]]:
    yield cloud.deploy(STACK, resources(), OUTPUTS)
    cloud.deploy(STACK, resources(DeletionProtection=False), OUTPUTS)
    cloud.delete(STACK)


def secret(cloud: Cloud, arn: str) -> dict[str, str]:
    content: dict[str, str] = json.loads(cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    return content


def ask(question: str, *, port: str, password: str, user: str = "app", dbname: str = "notes") -> Any:
    with psycopg.connect(
        host="127.0.0.1", port=port, user=user, password=password, dbname=dbname, connect_timeout=5
    ) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def may_connect(deployed: dict[str, str], password: str) -> bool:
    try:
        return bool(ask("SELECT 1", port=deployed["Port"], password=password) == 1)
    except psycopg.OperationalError:
        return False


def test_the_secret_opens_a_real_server_and_nothing_else_does(cloud: Cloud, deployed: dict[str, str]) -> None:
    found = secret(cloud, deployed["Secret"])
    version = ask("SHOW server_version", port=deployed["Port"], password=found["password"], user=found["username"])
    assert version.startswith("18.")
    assert not may_connect(deployed, "password")


def test_the_master_user_owns_its_database_but_is_no_superuser(cloud: Cloud, deployed: dict[str, str]) -> None:
    password = secret(cloud, deployed["Secret"])["password"]
    question = "SELECT rolsuper OR rolreplication FROM pg_roles WHERE rolname = current_user"
    assert ask(question, port=deployed["Port"], password=password) is False
    question = "SELECT has_schema_privilege(current_user, 'public', 'CREATE')"
    assert ask(question, port=deployed["Port"], password=password) is True


def test_the_api_reports_where_the_server_listens(cloud: Cloud, deployed: dict[str, str]) -> None:
    cluster = cloud.client("rds").describe_db_clusters(DBClusterIdentifier=deployed["Id"])["DBClusters"][0]
    assert (cluster["Endpoint"], cluster["ReaderEndpoint"], str(cluster["Port"])) == (
        deployed["Host"],
        deployed["Host"],
        deployed["Port"],
    )
    assert [member["IsClusterWriter"] for member in cluster["DBClusterMembers"]] == [True, False]
    for instance in cloud.client("rds").describe_db_instances()["DBInstances"]:
        assert str(instance["Endpoint"]["Port"]) == deployed["Port"]


@pytest.mark.parametrize("way", ["RotateSecret", "PutSecretValue", "ModifyDBCluster"])
def test_a_rotation_changes_the_servers_password(cloud: Cloud, deployed: dict[str, str], way: str) -> None:
    former = secret(cloud, deployed["Secret"])
    if way == "RotateSecret":
        cloud.client("secretsmanager").rotate_secret(SecretId=deployed["Secret"])
    elif way == "PutSecretValue":
        content = json.dumps({**former, "password": "quite-another-one"})
        cloud.client("secretsmanager").put_secret_value(SecretId=deployed["Secret"], SecretString=content)
    else:
        cloud.client("rds").modify_db_cluster(
            DBClusterIdentifier=deployed["Id"], RotateMasterUserPassword=True, ApplyImmediately=True
        )
    current = secret(cloud, deployed["Secret"])
    assert current["password"] != former["password"]
    assert may_connect(deployed, current["password"])
    assert not may_connect(deployed, former["password"])


def test_a_stopped_cluster_has_no_server_and_keeps_its_data(cloud: Cloud, deployed: dict[str, str]) -> None:
    password = secret(cloud, deployed["Secret"])["password"]
    with psycopg.connect(
        host=deployed["Host"], port=int(deployed["Port"]), user="app", password=password, dbname="notes"
    ) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
    cloud.client("rds").stop_db_cluster(DBClusterIdentifier=deployed["Id"])
    assert not may_connect(deployed, password)
    cloud.client("rds").start_db_cluster(DBClusterIdentifier=deployed["Id"])
    assert ask("SELECT value FROM kept", port=deployed["Port"], password=password) == 42


def test_a_rotation_while_the_server_is_away_is_made_good(cloud: Cloud, deployed: dict[str, str]) -> None:
    """Else the secret would hold a password that the server has never heard of."""
    former = secret(cloud, deployed["Secret"])["password"]
    # The first one is the server: until they have named themselves, its children bear the same line.
    server, *_ = (
        process
        for process, line in asked(cloud.children(), psutil.Process.cmdline)
        if "-p" in line and line[line.index("-p") + 1] == deployed["Port"]
    )
    server.kill()
    cloud.client("secretsmanager").rotate_secret(SecretId=deployed["Secret"])
    current = secret(cloud, deployed["Secret"])["password"]
    assert current != former
    assert eventually(lambda: may_connect(deployed, current) or None)


def test_a_rotation_of_a_stopped_server_waits_for_its_start(cloud: Cloud, deployed: dict[str, str]) -> None:
    cloud.client("rds").stop_db_cluster(DBClusterIdentifier=deployed["Id"])
    cloud.client("secretsmanager").rotate_secret(SecretId=deployed["Secret"])
    cloud.client("rds").start_db_cluster(DBClusterIdentifier=deployed["Id"])
    assert may_connect(deployed, secret(cloud, deployed["Secret"])["password"])


def test_a_change_of_settings_keeps_the_server(cloud: Cloud, deployed: dict[str, str]) -> None:
    assert cloud.deploy(STACK, resources(BackupRetentionPeriod=7), OUTPUTS) == deployed
    cluster = cloud.client("rds").describe_db_clusters(DBClusterIdentifier=deployed["Id"])["DBClusters"][0]
    assert (cluster["BackupRetentionPeriod"], str(cluster["Port"])) == (7, deployed["Port"])


def test_deletion_protection_keeps_the_server(cloud: Cloud, deployed: dict[str, str]) -> None:
    cloud.deploy(STACK, resources(DeletionProtection=True), OUTPUTS)
    with pytest.raises(cloud.client("rds").exceptions.ClientError, match="DeletionProtection"):
        cloud.client("rds").delete_db_cluster(DBClusterIdentifier=deployed["Id"], SkipFinalSnapshot=True)
    assert may_connect(deployed, secret(cloud, deployed["Secret"])["password"])


def test_an_instance_by_itself_has_a_server_and_loses_it_with_its_stack(cloud: Cloud) -> None:
    instance = {
        "Engine": "postgres",
        "EngineVersion": "18",
        "DBInstanceClass": "db.t4g.micro",
        "AllocatedStorage": "20",
        "DBName": "orders",
        "MasterUsername": {"Fn::Sub": "{{resolve:secretsmanager:${Login}:SecretString:username}}"},
        "MasterUserPassword": {"Fn::Sub": "{{resolve:secretsmanager:${Login}:SecretString:password}}"},
    }
    generated = {"SecretStringTemplate": '{"username":"shop"}', "GenerateStringKey": "password"}
    login = {"GenerateSecretString": {**generated, "ExcludePunctuation": True}}
    attachment = {"SecretId": {"Ref": "Login"}, "TargetId": {"Ref": "Instance"}, "TargetType": "AWS::RDS::DBInstance"}
    template = {
        "Login": {"Type": "AWS::SecretsManager::Secret", "Properties": login},
        "Instance": {"Type": "AWS::RDS::DBInstance", "Properties": instance},
        "Attached": {"Type": "AWS::SecretsManager::SecretTargetAttachment", "Properties": attachment},
        "Rotation": {
            "Type": "AWS::SecretsManager::RotationSchedule",
            "Properties": {"SecretId": {"Ref": "Attached"}, "RotationRules": {"ScheduleExpression": "rate(10 days)"}},
        },
    }
    arn = cloud.deploy("instance", template, {"Login": {"Ref": "Login"}})["Login"]
    found = secret(cloud, arn)
    assert ask("SELECT 1", port=found["port"], password=found["password"], user="shop", dbname="orders") == 1
    described = cloud.client("secretsmanager").describe_secret(SecretId=arn)
    assert (described["RotationEnabled"], described["RotationRules"]) == (
        True,
        {"ScheduleExpression": "rate(10 days)"},
    )
    assert {"AWSPREVIOUS"} in [set(stages) for stages in described["VersionIdsToStages"].values()]

    folders = set((cloud.data / "postgres").iterdir())
    cloud.delete("instance")
    with pytest.raises(psycopg.OperationalError):
        ask("SELECT 1", port=found["port"], password=found["password"], user="shop", dbname="orders")
    assert len(folders - set((cloud.data / "postgres").iterdir())) == 1


def test_an_engine_version_that_does_not_exist_is_refused(cloud: Cloud) -> None:
    cluster = {"Type": "AWS::RDS::DBCluster", "Properties": {**CLUSTER, "EngineVersion": "18.99"}}
    with pytest.raises(DeploymentError, match=r"18\.99"):
        cloud.deploy("refused", {"Cluster": cluster})
    cloud.delete("refused")


def test_a_managed_password_is_under_the_key_that_is_named_for_it(cloud: Cloud) -> None:
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    rds, names = cloud.client("rds"), {"Engine": "aurora-postgresql", "MasterUsername": "app"}
    managed = {"ManageMasterUserPassword": True, "MasterUserSecretKmsKeyId": key}
    made = rds.create_db_cluster(DBClusterIdentifier="locked", **names, **managed)["DBCluster"]
    try:
        arn = made["MasterUserSecret"]["SecretArn"]
        assert cloud.client("secretsmanager").describe_secret(SecretId=arn)["KmsKeyId"] == key
    finally:
        rds.delete_db_cluster(DBClusterIdentifier="locked", SkipFinalSnapshot=True)
