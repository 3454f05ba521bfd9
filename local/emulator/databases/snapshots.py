"""Snapshots of RDS that hold the data of the moment they were taken.

The emulator takes one in several places: when it is asked for one, with an instance's deletion, and for a template's
`DeletionPolicy: Snapshot`. All of them make the record with the two functions that are wrapped here.
"""

from collections.abc import Callable

from ministack.services import rds

from local.emulator.databases.actions import Action, Parameters, Record, Response, accepted, failed, refused, value
from local.emulator.databases.servers import FAILURES, Databases

# What a restored database takes over from the snapshot's source.
_TAKEN_OVER = ("_MasterUserPassword", "DatabaseName", "ServerlessV2ScalingConfiguration", "EngineMode")


def install(databases: Databases) -> None:
    """Let snapshots hold data."""
    rds._create_snapshot_internal = _with_data(
        databases, rds._create_snapshot_internal, "DBInstanceArn", "DBSnapshotArn", rds._snapshots
    )
    rds._create_cluster_snapshot_internal = _with_data(
        databases,
        rds._create_cluster_snapshot_internal,
        "DBClusterArn",
        "DBClusterSnapshotArn",
        rds._db_cluster_snapshots,
    )
    for name, source in (("CreateDBSnapshot", _instance), ("CreateDBClusterSnapshot", _cluster)):
        rds._ACTION_MAP[name] = _of_what_runs(databases, rds._ACTION_MAP[name], source)
    rds._ACTION_MAP["DeleteDBSnapshot"] = _with_its_data(
        databases, rds._ACTION_MAP["DeleteDBSnapshot"], rds._snapshots, "DBSnapshotIdentifier", "DBSnapshotArn"
    )
    rds._ACTION_MAP["DeleteDBClusterSnapshot"] = _with_its_data(
        databases,
        rds._ACTION_MAP["DeleteDBClusterSnapshot"],
        rds._db_cluster_snapshots,
        "DBClusterSnapshotIdentifier",
        "DBClusterSnapshotArn",
    )


def _with_data(
    databases: Databases, make: Callable[[str, Record], Record], source_arn: str, own_arn: str, store: Record
) -> Callable[[str, Record], Record]:
    """Copy the server's data with the record; without it there is no record either."""

    def make_with_data(identifier: str, source: Record) -> Record:
        snapshot = make(identifier, source)
        snapshot.update({name: source[name] for name in _TAKEN_OVER if name in source})
        server = databases.find(source[source_arn])
        if server is None:
            return snapshot
        try:
            databases.keep(snapshot[own_arn], source[source_arn])
        except FAILURES:
            store.pop(identifier, None)
            raise
        return snapshot

    return make_with_data


def _of_what_runs(databases: Databases, original: Action, find: Callable[[Parameters], tuple[str, str]]) -> Action:
    """Refuse a snapshot of a server that is stopped, as RDS does."""

    def create_snapshot(parameters: Parameters) -> Response:
        arn, kind = find(parameters)
        server = databases.find(arn)
        if server is not None and not server.running:
            code = "InvalidDBInstanceState" if kind == "instance" else "InvalidDBClusterStateFault"
            message = f"Cannot create a snapshot because the database {kind} is not currently in the available state."
            return refused(code, message)
        try:
            return original(parameters)
        except FAILURES as error:
            return failed(error)

    return create_snapshot


def _instance(parameters: Parameters) -> tuple[str, str]:
    found = rds._resolve_instance(value(parameters, "DBInstanceIdentifier")) or {}
    return str(found.get("DBInstanceArn")), "instance"


def _cluster(parameters: Parameters) -> tuple[str, str]:
    found = rds._resolve_cluster_in_request_region(value(parameters, "DBClusterIdentifier")) or {}
    return str(found.get("DBClusterArn")), "cluster"


def _with_its_data(databases: Databases, original: Action, store: Record, name: str, arn: str) -> Action:
    """Delete the data with the snapshot."""

    def delete_snapshot(parameters: Parameters) -> Response:
        snapshot = store.get(value(parameters, name))
        response = original(parameters)
        if snapshot and accepted(response):
            databases.forget(snapshot[arn])
        return response

    return delete_snapshot
