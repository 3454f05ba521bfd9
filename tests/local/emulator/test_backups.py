"""AWS Backup: vaults, plans and selections are described, and a recovery point holds the data of its moment."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest

from tests.local.emulator.cloud import ACCOUNT, REGION, Cloud, DeploymentError

STACK = "backups"
ABROAD = "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/backup"
LOGIN = {"MasterUsername": "app", "MasterUserPassword": "correct-horse"}


def template(days: int = 30) -> dict[str, Any]:
    copy = {
        "DestinationBackupVaultArn": f"arn:aws:backup:{ABROAD}:{ACCOUNT}:backup-vault:abroad",
        "Lifecycle": {"DeleteAfterDays": days},
    }
    rule = {
        "RuleName": "daily",
        "TargetBackupVault": {"Fn::GetAtt": ["Vault", "BackupVaultName"]},
        "ScheduleExpression": "cron(0 5 * * ? *)",
        "EnableContinuousBackup": True,
        "Lifecycle": {"DeleteAfterDays": days},
        "CopyActions": [copy],
    }
    selection = {
        "SelectionName": "ours",
        "IamRoleArn": ROLE,
        "ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "system", "ConditionValue": "webapp"}],
        "Resources": [f"arn:aws:rds:{REGION}:{ACCOUNT}:db:*"],
        "Conditions": {"StringEquals": [{"ConditionKey": "aws:ResourceTag/env", "ConditionValue": "prod"}]},
    }
    plan = {"BackupPlan": {"BackupPlanName": "daily", "BackupPlanRule": [rule]}}
    return {
        "Vault": {"Type": "AWS::Backup::BackupVault", "Properties": {"BackupVaultName": "home"}},
        "Plan": {"Type": "AWS::Backup::BackupPlan", "Properties": plan},
        "Selection": {
            "Type": "AWS::Backup::BackupSelection",
            "Properties": {"BackupPlanId": {"Ref": "Plan"}, "BackupSelection": selection},
        },
    }


OUTPUTS = {"Plan": {"Ref": "Plan"}, "Selection": {"Fn::GetAtt": ["Selection", "SelectionId"]}}


@pytest.fixture(scope="module")
def deployed(cloud: Cloud) -> Iterator[dict[str, str]]:
    yield cloud.deploy(STACK, template(), OUTPUTS)
    cloud.delete(STACK)


@pytest.fixture
def database(cloud: Cloud) -> Iterator[str]:
    """A database with the one row 1; its ARN."""
    rds = cloud.client("rds")
    created = rds.create_db_instance(
        DBInstanceIdentifier="kept", DBInstanceClass="db.t4g.micro", Engine="postgres", DBName="shop", **LOGIN
    )["DBInstance"]
    execute(created["Endpoint"]["Port"], "CREATE TABLE orders AS SELECT 1 AS id")
    yield created["DBInstanceArn"]
    rds.delete_db_instance(DBInstanceIdentifier="kept", SkipFinalSnapshot=True)


def execute(port: int, statement: str) -> list[Any]:
    with psycopg.connect(
        host="127.0.0.1", port=port, user="app", password="correct-horse", dbname="shop", autocommit=True
    ) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def port_of(rds: Any, identifier: str) -> int:
    port: int = rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]["Endpoint"]["Port"]
    return port


def abroad(cloud: Cloud, service: str) -> Any:
    """A client of another region."""
    return boto3.client(
        service,  # type: ignore[call-overload]  # any service
        endpoint_url=cloud.url,
        verify=cloud.trust,
        region_name=ABROAD,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="test",
    )


def back_up(cloud: Cloud, resource: str) -> str:
    """A new recovery point's ARN."""
    client = cloud.client("backup")
    job = client.start_backup_job(
        BackupVaultName="home", ResourceArn=resource, IamRoleArn=ROLE, Lifecycle={"DeleteAfterDays": 30}
    )["BackupJobId"]
    described = client.describe_backup_job(BackupJobId=job)
    assert described["State"] == "COMPLETED"
    arn: str = described["RecoveryPointArn"]
    return arn


def forget(cloud: Cloud, arn: str) -> None:
    cloud.client("backup").delete_recovery_point(BackupVaultName="home", RecoveryPointArn=arn)


def aws(cloud: Cloud, *arguments: str) -> Any:
    """What the command line answers."""
    environment = {
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_CA_BUNDLE": cloud.trust,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "PATH": str(Path(sys.executable).parent),
    }
    done = subprocess.run(  # noqa: S603 - our own command line
        [str(Path(sys.executable).with_name("aws")), *arguments, "--output", "json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_plan_and_its_selection_are_described_by_the_command_line(cloud: Cloud, deployed: dict[str, str]) -> None:
    plans = aws(cloud, "backup", "list-backup-plans")["BackupPlansList"]
    assert [(each["BackupPlanId"], each["BackupPlanName"]) for each in plans] == [(deployed["Plan"], "daily")]
    listed = aws(cloud, "backup", "list-backup-selections", "--backup-plan-id", deployed["Plan"])
    assert [each["SelectionId"] for each in listed["BackupSelectionsList"]] == [deployed["Selection"]]


def test_a_plan_keeps_what_its_template_says(cloud: Cloud, deployed: dict[str, str]) -> None:
    client = cloud.client("backup")
    (rule,) = client.get_backup_plan(BackupPlanId=deployed["Plan"])["BackupPlan"]["Rules"]
    assert (rule["TargetBackupVaultName"], rule["EnableContinuousBackup"]) == ("home", True)
    assert rule["CopyActions"][0]["DestinationBackupVaultArn"].split(":")[3] == ABROAD
    selection = client.get_backup_selection(BackupPlanId=deployed["Plan"], SelectionId=deployed["Selection"])
    assert selection["BackupSelection"]["ListOfTags"][0]["ConditionValue"] == "webapp"
    assert selection["BackupSelection"]["Conditions"]["StringEquals"][0]["ConditionValue"] == "prod"


def test_a_plan_is_changed_in_place_and_listed_as_recorded_only(cloud: Cloud, deployed: dict[str, str]) -> None:
    assert cloud.deploy(STACK, template(days=14), OUTPUTS) == deployed
    (rule,) = cloud.client("backup").get_backup_plan(BackupPlanId=deployed["Plan"])["BackupPlan"]["Rules"]
    assert rule["Lifecycle"]["DeleteAfterDays"] == 14
    listed = json.loads((cloud.data / "recorded-only.json").read_text())
    assert [entry["physical_id"] for entry in listed if entry["type"] == "AWS::Backup::BackupPlan"] == [
        deployed["Plan"]
    ]


@pytest.mark.usefixtures("deployed")
def test_a_recovery_point_holds_the_data_and_is_restored_by_a_job(cloud: Cloud, database: str) -> None:
    client, rds = cloud.client("backup"), cloud.client("rds")
    arn = back_up(cloud, database)
    execute(port_of(rds, "kept"), "DROP TABLE orders")

    (listed,) = client.list_recovery_points_by_backup_vault(BackupVaultName="home")["RecoveryPoints"]
    assert (listed["RecoveryPointArn"], listed["ResourceArn"], listed["Status"]) == (arn, database, "COMPLETED")
    point = client.describe_recovery_point(BackupVaultName="home", RecoveryPointArn=arn)
    assert point["BackupSizeInBytes"] > 10_000_000
    assert (point["CalculatedLifecycle"]["DeleteAt"] - point["CreationDate"]).days == 30
    assert client.describe_backup_vault(BackupVaultName="home")["NumberOfRecoveryPoints"] == 1
    protected = client.list_protected_resources()["Results"]
    assert [each["ResourceArn"] for each in protected] == [database]
    for resource, known in ((database, [arn]), (f"{database}-else", [])):
        of_it = client.list_recovery_points_by_resource(ResourceArn=resource)["RecoveryPoints"]
        assert [each["RecoveryPointArn"] for each in of_it] == known
    snapshots = rds.describe_db_snapshots(SnapshotType="awsbackup")["DBSnapshots"]
    assert [each["DBSnapshotArn"] for each in snapshots] == [arn]

    metadata = client.get_recovery_point_restore_metadata(BackupVaultName="home", RecoveryPointArn=arn)
    job = client.start_restore_job(
        RecoveryPointArn=arn,
        IamRoleArn=ROLE,
        Metadata={**metadata["RestoreMetadata"], "DBInstanceIdentifier": "restored", "VpcSecurityGroupIds": '["sg-1"]'},
    )["RestoreJobId"]
    described = client.describe_restore_job(RestoreJobId=job)
    assert (described["Status"], described["CreatedResourceArn"]) == (
        "COMPLETED",
        f"arn:aws:rds:{REGION}:{ACCOUNT}:db:restored",
    )
    assert execute(port_of(rds, "restored"), "SELECT id FROM orders") == [(1,)]
    found = rds.describe_db_instances(DBInstanceIdentifier="restored")["DBInstances"][0]
    assert [each["VpcSecurityGroupId"] for each in found["VpcSecurityGroups"]] == ["sg-1"]
    rds.delete_db_instance(DBInstanceIdentifier="restored", SkipFinalSnapshot=True)

    forget(cloud, arn)
    assert client.list_recovery_points_by_backup_vault(BackupVaultName="home")["RecoveryPoints"] == []
    assert rds.describe_db_snapshots(SnapshotType="awsbackup")["DBSnapshots"] == []


@pytest.mark.usefixtures("deployed")
def test_a_copy_in_another_region_outlives_the_original(cloud: Cloud, database: str) -> None:
    away, rds_away = abroad(cloud, "backup"), abroad(cloud, "rds")
    vault = away.create_backup_vault(BackupVaultName="abroad")["BackupVaultArn"]
    arn = back_up(cloud, database)
    client = cloud.client("backup")
    job = client.start_copy_job(
        RecoveryPointArn=arn, SourceBackupVaultName="home", DestinationBackupVaultArn=vault, IamRoleArn=ROLE
    )["CopyJobId"]
    copied = client.describe_copy_job(CopyJobId=job)["CopyJob"]
    assert (copied["State"], copied["DestinationRecoveryPointArn"].split(":")[3]) == ("COMPLETED", ABROAD)
    forget(cloud, arn)

    restored = away.start_restore_job(
        RecoveryPointArn=copied["DestinationRecoveryPointArn"],
        IamRoleArn=ROLE,
        Metadata={"DBInstanceIdentifier": "kept"},
    )["RestoreJobId"]
    assert away.describe_restore_job(RestoreJobId=restored)["Status"] == "COMPLETED"
    # The same name as at home, and a server of its own.
    assert port_of(rds_away, "kept") != port_of(cloud.client("rds"), "kept")
    assert execute(port_of(rds_away, "kept"), "SELECT id FROM orders") == [(1,)]
    rds_away.delete_db_instance(DBInstanceIdentifier="kept", SkipFinalSnapshot=True)
    away.delete_recovery_point(BackupVaultName="abroad", RecoveryPointArn=copied["DestinationRecoveryPointArn"])
    away.delete_backup_vault(BackupVaultName="abroad")


@pytest.mark.usefixtures("deployed")
def test_a_cluster_is_backed_up_and_restored_as_one(cloud: Cloud) -> None:
    rds, client = cloud.client("rds"), cloud.client("backup")
    source = rds.create_db_cluster(
        DBClusterIdentifier="whole", Engine="aurora-postgresql", DatabaseName="shop", **LOGIN
    )["DBCluster"]
    execute(source["Port"], "CREATE TABLE orders AS SELECT 5 AS id")
    arn = back_up(cloud, source["DBClusterArn"])
    job = client.start_restore_job(
        RecoveryPointArn=arn,
        IamRoleArn=ROLE,
        Metadata={"DBClusterIdentifier": "again", "Engine": "aurora-postgresql"},
    )["RestoreJobId"]
    assert client.describe_restore_job(RestoreJobId=job)["Status"] == "COMPLETED"
    again = rds.describe_db_clusters(DBClusterIdentifier="again")["DBClusters"][0]
    assert execute(again["Port"], "SELECT id FROM orders") == [(5,)]
    for identifier in ("whole", "again"):
        rds.delete_db_cluster(DBClusterIdentifier=identifier, SkipFinalSnapshot=True)
    forget(cloud, arn)


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (f"arn:aws:rds:{REGION}:{ACCOUNT}:db:absent", "there is no"),
        ("arn:aws:s3:::bucket", "backs up RDS instances and clusters only"),
    ],
)
def test_a_job_that_cannot_be_done_says_so(cloud: Cloud, resource: str, reason: str) -> None:
    client = cloud.client("backup")
    job = client.start_backup_job(BackupVaultName="home", ResourceArn=resource, IamRoleArn=ROLE)["BackupJobId"]
    described = client.describe_backup_job(BackupJobId=job)
    assert (described["State"], reason in described["StatusMessage"]) == ("FAILED", True)
    assert client.list_recovery_points_by_backup_vault(BackupVaultName="home")["RecoveryPoints"] == []


def test_a_vault_that_holds_something_is_not_deleted(cloud: Cloud, database: str) -> None:
    vault = {"Vault": {"Type": "AWS::Backup::BackupVault", "Properties": {"BackupVaultName": "full"}}}
    cloud.deploy("vault", vault)
    client = cloud.client("backup")
    job = client.start_backup_job(BackupVaultName="full", ResourceArn=database, IamRoleArn=ROLE)
    with pytest.raises(DeploymentError, match="DELETE_FAILED"):
        cloud.delete("vault")
    client.delete_recovery_point(BackupVaultName="full", RecoveryPointArn=job["RecoveryPointArn"])
    cloud.delete("vault")


def test_a_second_vault_of_a_name_is_refused_and_the_first_one_stays(cloud: Cloud) -> None:
    """Systems side by side would otherwise share it, and the first that is deleted take it from the other."""

    def vault(name: str) -> dict[str, Any]:
        return {"Vault": {"Type": "AWS::Backup::BackupVault", "Properties": {"BackupVaultName": name}}}

    cloud.deploy("first", vault("ours"))
    with pytest.raises(DeploymentError, match="already exists"):
        cloud.deploy("second", vault("ours"))
    cloud.delete("second")
    cloud.deploy("second", vault("theirs"))
    with pytest.raises(DeploymentError, match="already exists"):
        cloud.deploy("second", vault("ours"))
    client = cloud.client("backup")
    names = {each["BackupVaultName"] for each in client.list_backup_vaults()["BackupVaultList"]}
    assert {"ours", "theirs"} <= names
    cloud.delete("second")
    assert client.describe_backup_vault(BackupVaultName="ours")["BackupVaultName"] == "ours"
    cloud.delete("first")
