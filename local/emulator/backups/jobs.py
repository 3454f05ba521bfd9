"""Jobs of AWS Backup: back up a database, copy a recovery point to another vault, restore one, delete one."""

import json
import time
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region, new_uuid, request_scope
from ministack.services import backup, rds

from local.emulator.backups import points
from local.emulator.backups.points import Record, Response
from local.emulator.databases import Databases
from local.emulator.databases.servers import FAILURES

COPY_JOBS = AccountRegionScopedDict()
RESTORE_JOBS = AccountRegionScopedDict()

_NOT_A_DATABASE = "this cloud backs up RDS instances and clusters only"


def install() -> None:
    """Let the emulator's API tell of jobs."""
    backup._list_copy_jobs = lambda query: backup._paginate(list(COPY_JOBS.values()), query, "CopyJobs")
    backup._describe_copy_job = lambda job: (
        backup._ok({"CopyJob": COPY_JOBS[job]}) if job in COPY_JOBS else points.missing(f"Copy job '{job}'")
    )
    backup._list_restore_jobs = lambda query: backup._paginate(list(RESTORE_JOBS.values()), query, "RestoreJobs")
    backup._describe_restore_job = lambda job: (
        backup._ok(RESTORE_JOBS[job]) if job in RESTORE_JOBS else points.missing(f"Restore job '{job}'")
    )


class Jobs:
    """Does what jobs are for; each is over when its request is answered."""

    def __init__(self, databases: Databases) -> None:
        """Work on these servers."""
        self._databases = databases

    def back_up(self, request: Record) -> Response:
        """StartBackupJob."""
        vault, resource = str(request.get("BackupVaultName") or ""), str(request.get("ResourceArn") or "")
        if vault not in backup._vaults:
            return points.missing(f"Vault '{vault}'")
        job = new_uuid()
        arn, problem = self._snapshot(resource, f"awsbackup:job-{job}")
        now, size = time.time(), self._databases.size_bytes(arn)
        backup._jobs[job] = {
            "BackupJobId": job,
            "BackupVaultName": vault,
            "BackupVaultArn": backup._vault_arn(vault),
            "ResourceArn": resource,
            "ResourceType": "Aurora" if ":cluster:" in resource else "RDS",
            "IamRoleArn": request.get("IamRoleArn", ""),
            "CreationDate": now,
            "CompletionDate": now,
            "State": "FAILED" if problem else "COMPLETED",
            "StatusMessage": problem,
            "PercentDone": "0.0" if problem else "100.0",
            "BackupSizeInBytes": size,
            "IsParent": False,
            **({} if problem else {"RecoveryPointArn": arn}),
        }
        answer = {"BackupJobId": job, "CreationDate": now, "IsParent": False}
        if not problem:
            points.add(
                arn,
                vault,
                resource=resource,
                size_bytes=size,
                role=str(request.get("IamRoleArn", "")),
                lifecycle=request.get("Lifecycle"),
            )
            answer["RecoveryPointArn"] = arn
        response: Response = backup._ok(answer)
        return response

    def copy(self, request: Record) -> Response:
        """StartCopyJob."""
        arn = str(request.get("RecoveryPointArn"))
        source = points.of_vault(str(request.get("SourceBackupVaultName")), arn)
        snapshot = points.snapshot_of(arn) if source else None
        if source is None or snapshot is None:
            return points.missing(f"Recovery point '{arn}'")
        target = str(request.get("DestinationBackupVaultArn"))
        region, account, vault = target.split(":")[3], target.split(":")[4], target.rsplit(":", 1)[-1]
        job, now = new_uuid(), time.time()
        kind = arn.split(":")[5]
        copied = f"arn:aws:rds:{region}:{account}:{kind}:awsbackup:copyjob-{job}"
        record = {
            "CopyJobId": job,
            "SourceBackupVaultArn": source["BackupVaultArn"],
            "SourceRecoveryPointArn": arn,
            "DestinationBackupVaultArn": target,
            "ResourceArn": source["ResourceArn"],
            "ResourceType": source["ResourceType"],
            "IamRoleArn": request.get("IamRoleArn", ""),
            "CreationDate": now,
            "CompletionDate": now,
            "BackupSizeInBytes": source["BackupSizeInBytes"],
            "State": "COMPLETED",
        }
        with request_scope(account, region):
            if vault not in backup._vaults:
                record |= {"State": "FAILED", "StatusMessage": f"Backup vault {target} does not exist"}
            else:
                _store(kind, {**snapshot, **_identity(kind, copied)})
                self._databases.share(arn, copied)
                points.add(
                    copied,
                    vault,
                    resource=source["ResourceArn"],
                    size_bytes=source["BackupSizeInBytes"],
                    role=str(request.get("IamRoleArn", "")),
                    lifecycle=request.get("Lifecycle"),
                    SourceBackupVaultArn=source["BackupVaultArn"],
                )
                record["DestinationRecoveryPointArn"] = copied
        COPY_JOBS[job] = record
        response: Response = backup._ok({"CopyJobId": job, "CreationDate": now, "IsParent": False})
        return response

    def restore(self, request: Record) -> Response:
        """StartRestoreJob."""
        arn = str(request.get("RecoveryPointArn"))
        point: Record | None = points.POINTS.get(arn)
        if point is None:
            return points.missing(f"Recovery point '{arn}'")
        cluster = ":cluster-snapshot:" in arn
        parameters: dict[str, Any] = _parameters(request.get("Metadata") or {})
        name = "SnapshotIdentifier" if cluster else "DBSnapshotIdentifier"
        action = "RestoreDBClusterFromSnapshot" if cluster else "RestoreDBInstanceFromDBSnapshot"
        status, _, body = rds._ACTION_MAP[action]({**parameters, name: arn})
        job, now = new_uuid(), time.time()
        failed = status >= 400  # noqa: PLR2004 - the HTTP statuses of errors begin here
        identifier = parameters.get("DBClusterIdentifier" if cluster else "DBInstanceIdentifier")
        kind = "cluster" if cluster else "db"
        RESTORE_JOBS[job] = {
            "RestoreJobId": job,
            "AccountId": get_account_id(),
            "RecoveryPointArn": arn,
            "SourceResourceArn": point["ResourceArn"],
            "ResourceType": point["ResourceType"],
            "IamRoleArn": request.get("IamRoleArn", ""),
            "CreationDate": now,
            "CompletionDate": time.time(),
            "RecoveryPointCreationDate": point["CreationDate"],
            "BackupSizeInBytes": point["BackupSizeInBytes"],
            "Status": "FAILED" if failed else "COMPLETED",
            "PercentDone": "0.00%" if failed else "100.00%",
            **(
                {"StatusMessage": body.decode(errors="replace")}
                if failed
                else {"CreatedResourceArn": f"arn:aws:rds:{get_region()}:{get_account_id()}:{kind}:{identifier}"}
            ),
        }
        response: Response = backup._ok({"RestoreJobId": job})
        return response

    def delete(self, vault: str, arn: str) -> Response:
        """DeleteRecoveryPoint."""
        if points.of_vault(vault, arn) is None:
            return points.missing(f"Recovery point '{arn}'")
        points.remove(arn)
        kind, identifier = arn.split(":", 6)[5:7]
        (rds._db_cluster_snapshots if kind == "cluster-snapshot" else rds._snapshots).pop(identifier, None)
        self._databases.forget(arn)
        response: Response = backup._no_content()
        return response

    def _snapshot(self, resource: str, identifier: str) -> tuple[str, str]:
        """Take a snapshot of a database: its ARN, and what went wrong."""
        instance, cluster = rds._resolve_instance(resource), rds._resolve_cluster_in_request_region(resource)
        found = instance or cluster
        arn = str((found or {}).get("DBInstanceArn" if instance else "DBClusterArn"))
        server = self._databases.find(arn)
        if found is None or server is None:
            return "", f"{resource}: {_NOT_A_DATABASE}" if ":rds:" not in resource else f"there is no {resource}"
        if not server.running:
            return "", f"{resource} is not in the available state"
        make = rds._create_snapshot_internal if instance else rds._create_cluster_snapshot_internal
        try:
            snapshot: Record = make(identifier, found)
        except FAILURES as error:
            return "", str(error)
        snapshot["SnapshotType"] = "awsbackup"
        return str(snapshot["DBSnapshotArn" if instance else "DBClusterSnapshotArn"]), ""


def _identity(kind: str, arn: str) -> Record:
    prefix = "DBClusterSnapshot" if kind == "cluster-snapshot" else "DBSnapshot"
    return {f"{prefix}Identifier": arn.split(":", 6)[6], f"{prefix}Arn": arn, "SnapshotType": "awsbackup"}


def _store(kind: str, snapshot: Record) -> None:
    if kind == "cluster-snapshot":
        rds._db_cluster_snapshots[snapshot["DBClusterSnapshotIdentifier"]] = snapshot
    else:
        rds._snapshots[snapshot["DBSnapshotIdentifier"]] = snapshot


def _parameters(metadata: dict[str, str]) -> dict[str, str]:
    """Restore metadata as the parameters of RDS's action; lists come as JSON in a text."""
    flat: dict[str, str] = {}
    for name, text in metadata.items():
        if text.startswith("["):
            flat |= {f"{name}.member.{number}": each for number, each in enumerate(json.loads(text), start=1)}
        else:
            flat[name] = text
    return flat
