"""RDS's restore to a point in time, of clusters and of instances."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from local.drill.databases import Account, Database
from local.errors import LocalError

T = TypeVar("T")

RECOVERY_BOUND_SECONDS = 120.0
"""Far above what anything takes here, far below the targets."""
_POLL_SECONDS = 0.2


@contextmanager
def restored_copy(account: Account, database: Database, moment: datetime) -> Iterator[tuple[str, int]]:
    """Host and port of a copy as of a moment, which is deleted afterwards."""
    target = f"restore-drill-{secrets.token_hex(4)}"
    begin, end = (_restored_cluster, _delete_cluster) if database.is_cluster else (_restored_instance, _delete_instance)
    try:
        _await_restorable(account, database, moment)
        yield begin(account, database, target, moment)
    except (BotoCoreError, ClientError) as error:
        raise LocalError(f"{database.label} could not be restored to {moment.isoformat()}: {error}") from error
    finally:
        with suppress(BotoCoreError, ClientError):
            end(account, target)


def _await_restorable(account: Account, database: Database, moment: datetime) -> None:
    """RDS restores up to what its log archive holds, which follows by some minutes on AWS and by seconds here."""

    def reached() -> bool:
        identifier = database.identifier
        record: Any
        if database.is_cluster:
            (record,) = account.rds.describe_db_clusters(DBClusterIdentifier=identifier)["DBClusters"]
        else:
            (record,) = account.rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
        latest = record.get("LatestRestorableTime")
        return latest is not None and latest >= moment

    eventually(reached, f"the log archive of {database.label} up to {moment.isoformat()}")


def _restored_cluster(account: Account, database: Database, target: str, moment: datetime) -> tuple[str, int]:
    account.rds.restore_db_cluster_to_point_in_time(
        SourceDBClusterIdentifier=database.identifier,
        DBClusterIdentifier=target,
        RestoreToTime=moment,
        DeletionProtection=False,
    )
    # A restored cluster has no instance of its own.
    account.rds.create_db_instance(
        DBInstanceIdentifier=f"{target}-writer",
        DBClusterIdentifier=target,
        DBInstanceClass="db.serverless",
        Engine="aurora-postgresql",
    )

    def endpoint() -> tuple[str, int] | None:
        (cluster,) = account.rds.describe_db_clusters(DBClusterIdentifier=target)["DBClusters"]
        ready = cluster.get("Status") == "available" and cluster.get("Endpoint")
        return (cluster["Endpoint"], cluster["Port"]) if ready else None

    return eventually(endpoint, f"cluster {target}")


def _delete_cluster(account: Account, target: str) -> None:
    with suppress(ClientError):
        account.rds.delete_db_instance(DBInstanceIdentifier=f"{target}-writer", SkipFinalSnapshot=True)
    account.rds.delete_db_cluster(DBClusterIdentifier=target, SkipFinalSnapshot=True)


def _restored_instance(account: Account, database: Database, target: str, moment: datetime) -> tuple[str, int]:
    account.rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=database.identifier,
        TargetDBInstanceIdentifier=target,
        RestoreTime=moment,
        DeletionProtection=False,
    )

    def endpoint() -> tuple[str, int] | None:
        (instance,) = account.rds.describe_db_instances(DBInstanceIdentifier=target)["DBInstances"]
        found = instance.get("Endpoint")
        return (found["Address"], found["Port"]) if found and instance["DBInstanceStatus"] == "available" else None

    return eventually(endpoint, f"instance {target}")


def _delete_instance(account: Account, target: str) -> None:
    account.rds.delete_db_instance(DBInstanceIdentifier=target, SkipFinalSnapshot=True)


def eventually(probe: Callable[[], T | None], what: str) -> T:
    """The first answer of a probe that is not empty.

    Raises:
        LocalError: there is none in time.
    """
    deadline = time.monotonic() + RECOVERY_BOUND_SECONDS
    while time.monotonic() < deadline:
        if found := probe():
            return found
        time.sleep(_POLL_SECONDS)
    raise LocalError(f"{what} was not there within {RECOVERY_BOUND_SECONDS:.0f} s; type: make logs")
