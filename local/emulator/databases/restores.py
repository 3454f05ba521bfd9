"""RDS's restores: a new cluster or instance with the data of a snapshot, or of any moment since backups began.

What the request leaves out the new one takes from its source. The master password is part of the data: it is what it
was then, unless the request lets RDS manage it.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from ministack.services import rds

from local.emulator.databases import instances
from local.emulator.databases.actions import (
    Action,
    Parameters,
    Record,
    Response,
    accepted,
    archives,
    cluster_response,
    failed,
    instance_response,
    is_true,
    refused,
    value,
)
from local.emulator.databases.clusters import publish_cluster
from local.emulator.databases.moments import Refused, moment_of, refresh_clusters, refresh_instances
from local.emulator.databases.postgres import PostgresServer
from local.emulator.databases.servers import FAILURES, Databases

Begin = Callable[[str, bool], PostgresServer]
"""Makes the server of a new ARN; whether it archives."""

_INSTANCE_SETTINGS = (
    "DBInstanceClass",
    "AllocatedStorage",
    "Engine",
    "EngineVersion",
    "StorageType",
    "StorageEncrypted",
    "KmsKeyId",
    "BackupRetentionPeriod",
    "MaxAllocatedStorage",
)
_CLUSTER_SETTINGS = ("Engine", "EngineVersion", "EngineMode", "StorageEncrypted", "KmsKeyId", "BackupRetentionPeriod")


def install(databases: Databases) -> None:
    """Provide the four restores, and tell truthfully what can be restored."""
    rds._ACTION_MAP["RestoreDBInstanceFromDBSnapshot"] = _instance_of_snapshot(databases)
    rds._ACTION_MAP["RestoreDBInstanceToPointInTime"] = _instance_of_moment(databases)
    rds._ACTION_MAP["RestoreDBClusterFromSnapshot"] = _cluster_of_snapshot(databases)
    rds._ACTION_MAP["RestoreDBClusterToPointInTime"] = _cluster_of_moment(databases)
    rds._ACTION_MAP["DescribeDBInstances"] = refresh_instances(databases, rds._ACTION_MAP["DescribeDBInstances"])
    rds._ACTION_MAP["DescribeDBClusters"] = refresh_clusters(databases, rds._ACTION_MAP["DescribeDBClusters"])


def _instance_of_snapshot(databases: Databases) -> Action:
    def restore(parameters: Parameters) -> Response:
        identifier = _without_arn(value(parameters, "DBSnapshotIdentifier"))
        snapshot = rds._snapshots.get(identifier)
        if snapshot is None:
            return refused("DBSnapshotNotFound", f"DBSnapshot {identifier} not found.", 404)
        return _restored_instance(
            "RestoreDBInstanceFromDBSnapshot",
            parameters,
            snapshot,
            lambda arn, archive: databases.restore(arn, snapshot["DBSnapshotArn"], archive=archive),
        )

    return restore


def _instance_of_moment(databases: Databases) -> Action:
    def restore(parameters: Parameters) -> Response:
        source_id = value(parameters, "SourceDBInstanceIdentifier")
        source = rds._resolve_instance(source_id) if source_id else _by_resource_id(parameters)
        if source is None:
            return refused("DBInstanceNotFound", f"DBInstance {source_id} not found.", 404)
        try:
            moment = moment_of(databases, source["DBInstanceArn"], parameters, "RestoreTime")
        except Refused as error:
            return refused(error.code, str(error))
        parameters = {**parameters, "DBInstanceIdentifier": value(parameters, "TargetDBInstanceIdentifier")}
        return _restored_instance(
            "RestoreDBInstanceToPointInTime",
            parameters,
            source,
            lambda arn, archive: databases.recover(arn, source["DBInstanceArn"], moment, archive=archive),
        )

    return restore


def _by_resource_id(parameters: Parameters) -> Record | None:
    wanted = value(parameters, "SourceDbiResourceId")
    found: Record | None = next((each for each in rds._instances.values() if each["DbiResourceId"] == wanted), None)
    return found


def _restored_instance(action: str, parameters: Parameters, source: Record, begin: Begin) -> Response:
    managed = is_true(parameters, "ManageMasterUserPassword")
    password = rds._generate_master_user_password() if managed else source.get("_MasterUserPassword")
    subnet_group = (source.get("DBSubnetGroup") or {}).get("DBSubnetGroupName")
    taken_over = {
        **_settings(source, _INSTANCE_SETTINGS),
        "DBSubnetGroupName": subnet_group or "default",
        "MasterUsername": source["MasterUsername"],
        "MasterUserPassword": password,
        "DBName": source.get("DBName") or "",
    }
    response = rds._create_db_instance({**taken_over, **parameters})
    if not accepted(response):
        answer: Response = response
        return answer
    instance = rds._instances[value(parameters, "DBInstanceIdentifier")]
    instances.complete(instance, {**taken_over, **parameters})
    try:
        server = begin(instance["DBInstanceArn"], archives(instance))
        if managed:
            server.set_password(instance["MasterUsername"], str(password))
    except FAILURES as error:
        rds._instances.pop(instance["DBInstanceIdentifier"], None)
        return failed(error)
    instances.publish(instance, server)
    if managed:
        instances.manage_password(instance, value(parameters, "MasterUserSecretKmsKeyId"))
    return instance_response(action, instance)


def _cluster_of_snapshot(databases: Databases) -> Action:
    def restore(parameters: Parameters) -> Response:
        identifier = _without_arn(value(parameters, "SnapshotIdentifier"))
        snapshot = rds._db_cluster_snapshots.get(identifier)
        if snapshot is None:
            return refused("DBClusterSnapshotNotFoundFault", f"DB cluster snapshot {identifier} not found.", 404)
        return _restored_cluster(
            "RestoreDBClusterFromSnapshot",
            parameters,
            snapshot,
            lambda arn, archive: databases.restore(arn, snapshot["DBClusterSnapshotArn"], archive=archive),
        )

    return restore


def _cluster_of_moment(databases: Databases) -> Action:
    def restore(parameters: Parameters) -> Response:
        source_id = value(parameters, "SourceDBClusterIdentifier")
        source = rds._resolve_cluster_in_request_region(source_id)
        if source is None:
            return refused("DBClusterNotFoundFault", f"DBCluster {source_id} not found.", 404)
        try:
            moment = moment_of(databases, source["DBClusterArn"], parameters, "RestoreToTime")
        except Refused as error:
            return refused(error.code, str(error))
        return _restored_cluster(
            "RestoreDBClusterToPointInTime",
            parameters,
            source,
            lambda arn, archive: databases.recover(arn, source["DBClusterArn"], moment, archive=archive),
        )

    return restore


def _restored_cluster(action: str, parameters: Parameters, source: Record, begin: Begin) -> Response:
    taken_over = {
        **_settings(source, _CLUSTER_SETTINGS),
        "DBSubnetGroupName": source.get("DBSubnetGroup") or "default",
        "MasterUsername": source["MasterUsername"],
        "MasterUserPassword": source.get("_MasterUserPassword"),
        "DatabaseName": source.get("DatabaseName") or "",
    }
    response = rds._create_db_cluster({**taken_over, **parameters})
    if not accepted(response):
        answer: Response = response
        return answer
    cluster = rds._clusters[value(parameters, "DBClusterIdentifier")]
    instances.encrypt_password(cluster)
    cluster["ServerlessV2ScalingConfiguration"] = cluster.get("ServerlessV2ScalingConfiguration") or source.get(
        "ServerlessV2ScalingConfiguration"
    )
    cluster["EarliestRestorableTime"] = rds._format_time(datetime.now(UTC).timestamp())
    try:
        publish_cluster(cluster, begin(cluster["DBClusterArn"], archives(cluster)))
    except FAILURES as error:
        rds._clusters.pop(cluster["DBClusterIdentifier"], None)
        return failed(error)
    return cluster_response(action, cluster)


def _without_arn(snapshot: str) -> str:
    """A snapshot's identifier, which may have a colon in it, from it or from its ARN."""
    return snapshot.split(":", 6)[6] if snapshot.startswith("arn:") else snapshot


def _settings(source: Record, names: tuple[str, ...]) -> dict[str, str]:
    """Fields of a record as the parameters of an action."""
    found = {name: source[name] for name in names if source.get(name) is not None}
    return {name: str(each).lower() if isinstance(each, bool) else str(each) for name, each in found.items()}
