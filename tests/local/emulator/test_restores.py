"""Snapshots hold data, and a database comes back as it was at any moment since its backups began."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError

from tests.local.emulator.cloud import Cloud
from tests.support.eventually import eventually

# A server hands its log over every two seconds while it writes; a busy machine takes longer over it.

LOGIN = {"MasterUsername": "app", "MasterUserPassword": "correct-horse"}
KINDS = ("instance", "cluster")


class Database:
    """A database of either kind, seen through the API that both have in common."""

    def __init__(self, cloud: Cloud, kind: str, name: str) -> None:
        self.rds, self.kind, self.name = cloud.client("rds"), kind, name

    def create(self, **more: Any) -> "Database":
        if self.kind == "instance":
            sizes = {"DBInstanceClass": "db.t4g.micro", "AllocatedStorage": 20, "DBName": "shop"}
            settings = {"Engine": "postgres", "BackupRetentionPeriod": 7, **sizes, **LOGIN, **more}
            self.rds.create_db_instance(DBInstanceIdentifier=self.name, **settings)
        else:
            settings = {"Engine": "aurora-postgresql", "BackupRetentionPeriod": 7, "DatabaseName": "shop", **LOGIN}
            self.rds.create_db_cluster(DBClusterIdentifier=self.name, **settings)
        return self

    def described(self) -> dict[str, Any]:
        if self.kind == "instance":
            found = self.rds.describe_db_instances(DBInstanceIdentifier=self.name)["DBInstances"][0]
        else:
            found = self.rds.describe_db_clusters(DBClusterIdentifier=self.name)["DBClusters"][0]
        return dict(found)

    def connect(self, **more: Any) -> psycopg.Connection[Any]:
        found = self.described()
        port = found["Endpoint"]["Port"] if self.kind == "instance" else found["Port"]
        login = {"user": "app", "password": "correct-horse", "dbname": "shop", **more}
        return psycopg.connect(host="127.0.0.1", port=port, connect_timeout=5, autocommit=True, **login)

    def rows(self) -> list[int]:
        with self.connect() as connection:
            return [row[0] for row in connection.execute("SELECT id FROM orders ORDER BY id")]

    def snapshot(self, name: str) -> None:
        if self.kind == "instance":
            self.rds.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier=self.name)
        else:
            self.rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier=name, DBClusterIdentifier=self.name)

    def from_snapshot(self, name: str) -> "Database":
        if self.kind == "instance":
            self.rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier=self.name, DBSnapshotIdentifier=name)
        else:
            self.rds.restore_db_cluster_from_snapshot(
                DBClusterIdentifier=self.name, SnapshotIdentifier=name, Engine="aurora-postgresql"
            )
        return self

    def from_moment(self, source: "Database", moment: datetime | None, **more: Any) -> "Database":
        if self.kind == "instance":
            when: dict[str, Any] = {"RestoreTime": moment} if moment else {"UseLatestRestorableTime": True}
            self.rds.restore_db_instance_to_point_in_time(
                SourceDBInstanceIdentifier=source.name, TargetDBInstanceIdentifier=self.name, **when, **more
            )
        else:
            when = {"RestoreToTime": moment} if moment else {"UseLatestRestorableTime": True}
            self.rds.restore_db_cluster_to_point_in_time(
                SourceDBClusterIdentifier=source.name, DBClusterIdentifier=self.name, **when, **more
            )
        return self

    def delete(self) -> None:
        if self.kind == "instance":
            self.rds.delete_db_instance(DBInstanceIdentifier=self.name, SkipFinalSnapshot=True)
        else:
            self.rds.delete_db_cluster(DBClusterIdentifier=self.name, SkipFinalSnapshot=True)


@pytest.fixture(params=KINDS)
def source(request: pytest.FixtureRequest, cloud: Cloud) -> Iterator[Database]:
    database = Database(cloud, request.param, f"source-{request.param}").create()
    with database.connect() as connection:
        connection.execute("CREATE TABLE orders (id int)")
    yield database
    database.delete()


@pytest.fixture
def target(source: Database, cloud: Cloud) -> Iterator[Database]:
    database = Database(cloud, source.kind, f"target-{source.kind}")
    yield database
    database.delete()


def insert(database: Database, number: int) -> None:
    with database.connect() as connection:
        connection.execute("INSERT INTO orders VALUES (%s)", [number])


def a_moment() -> datetime:
    """A moment with something on either side of it."""
    time.sleep(0.1)
    moment = datetime.now(UTC)
    time.sleep(0.1)
    return moment


def test_a_snapshot_holds_the_data_of_its_moment(source: Database, target: Database) -> None:
    insert(source, 1)
    source.snapshot(f"one-{source.kind}")
    insert(source, 2)
    target.from_snapshot(f"one-{source.kind}")
    assert target.rows() == [1]
    insert(target, 3)
    assert (source.rows(), target.rows()) == ([1, 2], [1, 3])
    key = "DBInstanceStatus" if source.kind == "instance" else "Status"
    assert target.described()[key] == "available"


def test_a_moment_comes_back_whole(source: Database, target: Database) -> None:
    insert(source, 1)
    moment = a_moment()
    insert(source, 2)
    with source.connect() as connection:
        connection.execute("DROP TABLE orders")
    eventually(lambda: source.described()["LatestRestorableTime"] > moment)
    target.from_moment(source, moment)
    assert target.rows() == [1]
    insert(target, 9)
    assert target.rows() == [1, 9]
    with pytest.raises(psycopg.errors.UndefinedTable):
        source.rows()


def test_the_latest_restorable_time_is_kept_to(source: Database, target: Database) -> None:
    """What was written before it is there; without writes it moves on with the clock."""
    insert(source, 1)
    written = datetime.now(UTC)
    eventually(lambda: source.described()["LatestRestorableTime"] > written)

    def is_that_of_the_look() -> bool:
        # The API tells whole milliseconds.
        looked = datetime.now(UTC) - timedelta(milliseconds=1)
        return bool(source.described()["LatestRestorableTime"] > looked)

    # Not at the first look in any case: a commit of the server's own holds it back until the log is handed over.
    eventually(is_that_of_the_look)
    target.from_moment(source, None)
    assert target.rows() == [1]


def test_what_is_brought_back_can_be_brought_back_again(source: Database, target: Database, cloud: Cloud) -> None:
    insert(source, 1)
    source.snapshot(f"again-{source.kind}")
    target.from_snapshot(f"again-{source.kind}")
    insert(target, 2)
    moment = a_moment()
    insert(target, 3)
    eventually(lambda: target.described()["LatestRestorableTime"] > moment)
    third = Database(cloud, source.kind, f"third-{source.kind}").from_moment(target, moment)
    assert third.rows() == [1, 2]
    third.delete()


@pytest.mark.parametrize("offset", [timedelta(days=-1), timedelta(hours=1)])
def test_a_moment_without_backups_is_refused_with_those_there_are(
    source: Database, cloud: Cloud, offset: timedelta
) -> None:
    target = Database(cloud, source.kind, "never")
    with pytest.raises(ClientError, match="restorable is from") as refusal:
        target.from_moment(source, datetime.now(UTC) + offset)
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValue"
    with pytest.raises(ClientError, match="not found"):
        target.described()


def test_without_retention_there_is_no_way_back_until_it_is_turned_on(cloud: Cloud) -> None:
    source = Database(cloud, "instance", "careless").create(BackupRetentionPeriod=0)
    target = Database(cloud, "instance", "careful")
    with pytest.raises(ClientError, match="BackupRetentionPeriod is 0") as refusal:
        target.from_moment(source, None)
    assert refusal.value.response["Error"]["Code"] == "PointInTimeRestoreNotEnabled"
    with source.connect() as connection:
        connection.execute("CREATE TABLE orders AS SELECT 1 AS id")
    source.rds.modify_db_instance(DBInstanceIdentifier=source.name, BackupRetentionPeriod=1, ApplyImmediately=True)
    insert(source, 2)
    written = datetime.now(UTC)
    eventually(lambda: source.described()["LatestRestorableTime"] > written)
    target.from_moment(source, None)
    assert target.rows() == [1, 2]
    for each in (source, target):
        each.delete()


def test_a_restored_instance_may_have_its_password_managed(source: Database, cloud: Cloud) -> None:
    if source.kind == "cluster":
        pytest.skip("RDS offers it for instances")
    target = Database(cloud, "instance", "managed").from_moment(source, None, ManageMasterUserPassword=True)
    arn = target.described()["MasterUserSecret"]["SecretArn"]
    content = cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    with target.connect(password=json.loads(content)["password"]) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("app",)
    with pytest.raises(psycopg.OperationalError):
        target.connect()
    target.delete()


def test_deleting_leaves_nothing_but_the_snapshots(cloud: Cloud) -> None:
    before = set((cloud.data / "postgres").iterdir())
    rds = cloud.client("rds")
    database = Database(cloud, "instance", "brief").create()
    with database.connect() as connection:
        connection.execute("CREATE TABLE orders AS SELECT 1 AS id")
    rds.delete_db_instance(DBInstanceIdentifier="brief", FinalDBSnapshotIdentifier="brief-final")
    assert {folder.name for folder in set((cloud.data / "postgres").iterdir()) - before} <= {".template", ".snapshots"}
    database.from_snapshot("brief-final")
    assert database.rows() == [1]
    database.delete()
    copies = set((cloud.data / "postgres" / ".snapshots").iterdir())
    rds.delete_db_snapshot(DBSnapshotIdentifier="brief-final")
    assert len(copies - set((cloud.data / "postgres" / ".snapshots").iterdir())) == 1
