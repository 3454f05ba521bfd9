"""Recovery points: which snapshot of which database each vault holds."""

import time
from typing import Any

from ministack.core.responses import AccountRegionScopedDict
from ministack.services import backup, rds

Record = dict[str, Any]
Response = tuple[int, dict[str, str], Any]

POINTS = AccountRegionScopedDict()
"""Recovery points by ARN, in the region of their vault."""

_DAY_SECONDS = 86_400


def install() -> None:
    """Let the emulator's API tell of recovery points."""
    backup._list_recovery_points_by_vault = _of_vault
    backup._describe_recovery_point = _described
    backup._get_recovery_point_restore_metadata = _restore_metadata
    backup._list_protected_resources = _protected
    backup._delete_vault = _empty_only(backup._delete_vault)


def add(
    arn: str, vault: str, *, resource: str, size_bytes: int, role: str, lifecycle: Record | None, **more: Any
) -> Record:
    """Put a recovery point into a vault of the current region."""
    now = time.time()
    cluster = ":cluster:" in resource
    point = {
        "RecoveryPointArn": arn,
        "BackupVaultName": vault,
        "BackupVaultArn": backup._vault_arn(vault),
        "ResourceArn": resource,
        "ResourceName": resource.rsplit(":", 1)[-1],
        "ResourceType": "Aurora" if cluster else "RDS",
        "IamRoleArn": role,
        "Status": "COMPLETED",
        "CreationDate": now,
        "CompletionDate": now,
        "BackupSizeInBytes": size_bytes,
        "IsEncrypted": True,
        "IsParent": False,
        "StorageClass": "WARM",
        "VaultType": "BACKUP_VAULT",
        **more,
    }
    if lifecycle:
        point["Lifecycle"] = lifecycle
        if "DeleteAfterDays" in lifecycle:
            delete_at = now + int(lifecycle["DeleteAfterDays"]) * _DAY_SECONDS
            point["CalculatedLifecycle"] = {"DeleteAt": delete_at}
    POINTS[arn] = point
    recount(vault)
    return point


def remove(arn: str) -> Record | None:
    """Take a recovery point out of its vault."""
    point: Record | None = POINTS.pop(arn, None)
    if point is not None:
        recount(point["BackupVaultName"])
    return point


def recount(vault: str) -> None:
    """Keep the number that a vault is described with."""
    if vault in backup._vaults:
        backup._vaults[vault]["NumberOfRecoveryPoints"] = len(_in(vault))


def of_vault(vault: str, arn: str) -> Record | None:
    """A recovery point, if that vault holds it."""
    point: Record | None = POINTS.get(arn)
    return point if point is not None and point["BackupVaultName"] == vault else None


def snapshot_of(arn: str) -> Record | None:
    """The snapshot that a recovery point is, as RDS keeps it in the current region."""
    kind, identifier = arn.split(":", 6)[5:7]
    store = rds._db_cluster_snapshots if kind == "cluster-snapshot" else rds._snapshots
    snapshot: Record | None = store.get(identifier)
    return snapshot


def of_resource(resource: str, query: dict[str, str]) -> Response:
    """ListRecoveryPointsByResource."""
    found = [point for point in POINTS.values() if point["ResourceArn"] == resource]
    response: Response = backup._paginate(found, query, "RecoveryPoints")
    return response


def missing(what: str) -> Response:
    """The answer about something that is not there."""
    response: Response = backup._not_found(f"{what} not found.")
    return response


def _in(vault: str) -> list[Record]:
    return [point for point in POINTS.values() if point["BackupVaultName"] == vault]


def _of_vault(vault: str, query: dict[str, str]) -> Response:
    if vault not in backup._vaults:
        return missing(f"Vault '{vault}'")
    found = [
        point
        for point in _in(vault)
        if query.get("resourceArn") in (None, point["ResourceArn"])
        and query.get("resourceType") in (None, point["ResourceType"])
    ]
    response: Response = backup._paginate(found, query, "RecoveryPoints")
    return response


def _described(vault: str, arn: str) -> Response:
    point = of_vault(vault, arn)
    if point is None:
        return missing(f"Recovery point '{arn}'")
    response: Response = backup._ok(point)
    return response


def _restore_metadata(vault: str, arn: str) -> Response:
    """What a restore needs to know; to be changed where the restored database is to differ."""
    point, snapshot = of_vault(vault, arn), snapshot_of(arn)
    if point is None or snapshot is None:
        return missing(f"Recovery point '{arn}'")
    names = ("Engine", "EngineVersion", "DatabaseName", "DBInstanceClass", "DBName", "StorageType")
    metadata = {name: str(snapshot[name]) for name in names if snapshot.get(name)}
    response: Response = backup._ok(
        {
            "BackupVaultArn": point["BackupVaultArn"],
            "RecoveryPointArn": arn,
            "RestoreMetadata": metadata,
            "ResourceType": point["ResourceType"],
        }
    )
    return response


def _protected(query: dict[str, str]) -> Response:
    last: dict[str, Record] = {}
    for point in sorted(POINTS.values(), key=lambda each: float(each["CreationDate"])):
        last[point["ResourceArn"]] = {
            "ResourceArn": point["ResourceArn"],
            "ResourceName": point["ResourceName"],
            "ResourceType": point["ResourceType"],
            "LastBackupTime": point["CreationDate"],
            "LastBackupVaultArn": point["BackupVaultArn"],
            "LastRecoveryPointArn": point["RecoveryPointArn"],
        }
    response: Response = backup._paginate(list(last.values()), query, "Results")
    return response


def _empty_only(delete: Any) -> Any:
    """A vault that holds recovery points is not deleted."""

    def delete_vault(name: str) -> Response:
        held = len(_in(name))
        if held:
            message = f"Backup vault cannot be deleted (contains {held} recovery points)"
            refused: Response = backup._err("InvalidRequestException", message, 400)
            return refused
        response: Response = delete(name)
        return response

    return delete_vault
