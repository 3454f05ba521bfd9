"""A stack of many stand-alone instances, as the CDK renders them: a server each, kept up."""

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import psutil
import psycopg
import pytest

from tests.local.emulator.cloud import Cloud, DeploymentError, listening
from tests.support.eventually import eventually

STACK = "shop"
NAMES = ("user", "product", "order", "payment", "notification", "search", "inventory")


def instance(name: str, **changes: Any) -> dict[str, Any]:
    properties = {
        "AllocatedStorage": "20",
        "AutomaticBackupReplicationRegion": "eu-west-1",
        "BackupRetentionPeriod": 7,
        "CopyTagsToSnapshot": True,
        "DBInstanceClass": "db.t4g.micro",
        "DBName": name,
        "DBParameterGroupName": {"Ref": "Parameters"},
        "DBSubnetGroupName": {"Ref": "Subnets"},
        "DeletionProtection": False,
        "EnableCloudwatchLogsExports": ["postgresql"],
        "EnablePerformanceInsights": True,
        "Engine": "postgres",
        "EngineVersion": "18.3",
        "ManageMasterUserPassword": True,
        "MasterUsername": "app",
        "MaxAllocatedStorage": 100,
        "MultiAZ": True,
        "PerformanceInsightsRetentionPeriod": 7,
        "Port": "5432",
        "PreferredBackupWindow": "01:00-02:00",
        "PreferredMaintenanceWindow": "sun:03:00-sun:04:00",
        "PubliclyAccessible": False,
        "StorageEncrypted": True,
        "StorageType": "gp3",
        "VPCSecurityGroups": [{"Fn::GetAtt": ["Group", "GroupId"]}],
        **changes,
    }
    return {"Type": "AWS::RDS::DBInstance", "Properties": properties, "DeletionPolicy": "Snapshot"}


def template(**changes: Any) -> dict[str, Any]:
    subnets = {
        zone.upper(): {
            "Type": "AWS::EC2::Subnet",
            "Properties": {
                "VpcId": {"Ref": "Vpc"},
                "CidrBlock": f"10.0.{number}.0/24",
                "AvailabilityZone": f"us-east-1{zone}",
            },
        }
        for number, zone in enumerate("ab")
    }
    group = {"GroupDescription": "database", "VpcId": {"Ref": "Vpc"}}
    parameters = {"Family": "postgres18", "Description": "ours", "Parameters": {"log_min_duration_statement": "500"}}
    return {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        **subnets,
        "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": group},
        "Subnets": {
            "Type": "AWS::RDS::DBSubnetGroup",
            "Properties": {"DBSubnetGroupDescription": "data", "SubnetIds": [{"Ref": "A"}, {"Ref": "B"}]},
        },
        "Parameters": {"Type": "AWS::RDS::DBParameterGroup", "Properties": parameters},
        **{name.title(): instance(name, **changes) for name in NAMES},
    }


OUTPUTS = {
    f"{name.title()}{output}": {"Fn::GetAtt": [name.title(), attribute]}
    for name in NAMES
    for output, attribute in (
        ("Host", "Endpoint.Address"),
        ("Port", "Endpoint.Port"),
        ("Secret", "MasterUserSecret.SecretArn"),
        ("Arn", "DBInstanceArn"),
    )
}


@pytest.fixture(scope="module")
def deployed(cloud: Cloud) -> Iterator[dict[str, str]]:
    yield cloud.deploy(STACK, template(), OUTPUTS)
    cloud.delete(STACK)


def connect(cloud: Cloud, deployed: dict[str, str], name: str) -> psycopg.Connection[Any]:
    arn = deployed[f"{name.title()}Secret"]
    secret = json.loads(cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    return psycopg.connect(
        host=deployed[f"{name.title()}Host"],
        port=deployed[f"{name.title()}Port"],
        user=secret["username"],
        password=secret["password"],
        dbname=name,
        connect_timeout=5,
        autocommit=True,
    )


def server(cloud: Cloud, deployed: dict[str, str], name: str) -> psutil.Process:
    """The process that listens on a database's port."""
    port = int(deployed[f"{name.title()}Port"])
    found = next((process for process, _, its_port in listening(cloud.children()) if its_port == port), None)
    assert found is not None, f"nothing listens on {port}"
    return found


def test_each_has_a_server_of_its_own_with_its_own_secret(cloud: Cloud, deployed: dict[str, str]) -> None:
    for name in NAMES:
        with connect(cloud, deployed, name) as connection:
            connection.execute(f"CREATE TABLE only_of_{name} (id int)".encode())
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert tables == [(f"only_of_{name}",)]
    assert len({deployed[f"{name.title()}Port"] for name in NAMES}) == len(NAMES)
    assert len({deployed[f"{name.title()}Secret"] for name in NAMES}) == len(NAMES)


def test_an_instance_is_described_as_its_template_says(cloud: Cloud, deployed: dict[str, str]) -> None:
    found = cloud.client("rds").describe_db_instances(DBInstanceIdentifier=deployed["OrderArn"])["DBInstances"][0]
    wanted = {
        "BackupRetentionPeriod": 7,
        "DBName": "order",
        "EnabledCloudwatchLogsExports": ["postgresql"],
        "EngineVersion": "18.3",
        "MaxAllocatedStorage": 100,
        "MultiAZ": True,
        "PerformanceInsightsEnabled": True,
        "PreferredBackupWindow": "01:00-02:00",
        "PreferredMaintenanceWindow": "sun:03:00-sun:04:00",
        "StorageEncrypted": True,
    }
    assert {name: found[name] for name in wanted} == wanted
    assert found["MasterUserSecret"]["SecretArn"] == deployed["OrderSecret"]
    assert str(found["Endpoint"]["Port"]) == deployed["OrderPort"]


def test_a_rotation_reaches_its_server_and_no_other(cloud: Cloud, deployed: dict[str, str]) -> None:
    cloud.client("rds").modify_db_instance(
        DBInstanceIdentifier=deployed["PaymentArn"], RotateMasterUserPassword=True, ApplyImmediately=True
    )
    for name in ("payment", "order"):
        connect(cloud, deployed, name).close()


def test_a_server_that_is_killed_comes_back_with_its_data(cloud: Cloud, deployed: dict[str, str]) -> None:
    with connect(cloud, deployed, "search") as connection:
        connection.execute("CREATE TABLE committed AS SELECT 1 AS id")
        victim = server(cloud, deployed, "search")
        os.kill(victim.pid, signal.SIGKILL)

        def answers() -> bool:
            try:
                with connect(cloud, deployed, "search") as after:
                    return after.execute("SELECT id FROM committed").fetchone() == (1,)
            except psycopg.OperationalError:
                return False

        assert eventually(answers)
    assert server(cloud, deployed, "search").pid != victim.pid


def test_a_reboot_ends_connections_and_keeps_the_port(cloud: Cloud, deployed: dict[str, str]) -> None:
    with connect(cloud, deployed, "user") as connection:
        cloud.client("rds").reboot_db_instance(DBInstanceIdentifier=deployed["UserArn"])
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    connect(cloud, deployed, "user").close()


def test_a_change_in_place_keeps_servers_and_ports(cloud: Cloud, deployed: dict[str, str]) -> None:
    before = server(cloud, deployed, "product").pid
    after = cloud.deploy(STACK, template(AllocatedStorage="30", BackupRetentionPeriod=14), OUTPUTS)
    assert {**deployed, **after} == deployed
    assert server(cloud, deployed, "product").pid == before


@pytest.mark.parametrize("version", ["16", "16.13", "17.9", "18.6"])
def test_the_versions_of_the_cdk_are_accepted(cloud: Cloud, version: str) -> None:
    rds = cloud.client("rds")
    name = f"v{version.replace('.', '-')}"
    rds.create_db_instance(
        DBInstanceIdentifier=name, Engine="postgres", EngineVersion=version, DBInstanceClass="db.t4g.micro"
    )
    assert rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["EngineVersion"] == version
    rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)


@pytest.mark.parametrize("version", ["18.99", "99", "eighteen"])
def test_a_version_that_does_not_exist_is_refused(cloud: Cloud, version: str) -> None:
    with pytest.raises(DeploymentError, match=f"Cannot find version {version} for postgres"):
        cloud.deploy("absent-version", {"One": instance("one", EngineVersion=version, **UNNAMED)})
    cloud.delete("absent-version")


UNNAMED = {"DBSubnetGroupName": "default", "DBParameterGroupName": "default.postgres18", "VPCSecurityGroups": []}


def test_what_a_stack_deletes_by_policy_is_kept_as_a_snapshot(cloud: Cloud) -> None:
    outputs = {name: OUTPUTS[f"User{name}"] for name in ("Host", "Port", "Secret")}
    outputs = {f"User{name}": value for name, value in outputs.items()}
    deployed = cloud.deploy("kept", {"User": instance("user", **UNNAMED)}, outputs)
    with connect(cloud, deployed, "user") as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS id")
    known = {each["DBSnapshotIdentifier"] for each in cloud.client("rds").describe_db_snapshots()["DBSnapshots"]}
    cloud.delete("kept")
    found = {each["DBSnapshotIdentifier"] for each in cloud.client("rds").describe_db_snapshots()["DBSnapshots"]}
    (snapshot,) = found - known

    back = instance("user", DBSnapshotIdentifier=snapshot, **UNNAMED)
    for name in ("DBName", "MasterUsername"):
        # CloudFormation wants neither beside a snapshot.
        del back["Properties"][name]
    back["DeletionPolicy"] = "Delete"
    deployed = cloud.deploy("kept", {"User": back}, outputs)
    with connect(cloud, deployed, "user") as connection:
        assert connection.execute("SELECT id FROM kept").fetchone() == (7,)
    cloud.delete("kept")
    cloud.client("rds").delete_db_snapshot(DBSnapshotIdentifier=snapshot)
