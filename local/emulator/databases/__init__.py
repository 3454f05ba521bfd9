"""A real PostgreSQL behind every PostgreSQL cluster and stand-alone instance of the emulator's RDS.

The emulator keeps RDS's records and, without a Docker engine, starts nothing. Each action that changes what should
run is wrapped: the emulator's answer first, then the server follows the record.

Servers that keep automated backups archive their log (`archive`), so that they can be brought back to any moment
(`restores`); snapshots are copies of the data (`snapshots`).
"""

from collections.abc import Callable

from ministack.services import rds

from local.emulator.databases import clusters, instances, power, restores, secrets, snapshots, versions
from local.emulator.databases.actions import Action
from local.emulator.databases.clusters import publish_cluster
from local.emulator.databases.servers import Databases
from local.emulator.options import Options
from local.emulator.processes import ProcessLedger

__all__ = ["Databases", "install", "publish_cluster"]


def install(options: Options, ledger: ProcessLedger) -> Databases:
    """Let RDS have real servers."""
    databases = Databases(options, ledger)
    versions.install()
    rds._ACTION_MAP["CreateDBInstance"] = versions.checked(rds._ACTION_MAP["CreateDBInstance"])
    # Before the actions are wrapped: restores make their records by the emulator's own.
    restores.install(databases)
    wrappers: dict[str, Callable[[Databases, Action], Action]] = {
        "CreateDBCluster": clusters.create,
        "DeleteDBCluster": clusters.delete,
        "FailoverDBCluster": clusters.fail_over,
        "ModifyDBCluster": clusters.modify,
        "StartDBCluster": power.start,
        "StopDBCluster": power.stop,
        "CreateDBInstance": instances.create,
        "DeleteDBInstance": instances.delete,
        "ModifyDBInstance": instances.modify,
        "RebootDBInstance": instances.reboot,
        "StartDBInstance": power.start,
        "StopDBInstance": power.stop,
    }
    for name, wrapper in wrappers.items():
        rds._ACTION_MAP[name] = wrapper(databases, rds._ACTION_MAP[name])
    rds._instance_xml = instances.described_in_full(rds._instance_xml)
    snapshots.install(databases)
    secrets.follow(databases.find)
    return databases
