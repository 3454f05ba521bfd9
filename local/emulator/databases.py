"""A real PostgreSQL behind every PostgreSQL cluster and stand-alone instance of the emulator's RDS.

The emulator keeps RDS's records and, without a Docker engine, starts nothing. Each action that changes what should
run is wrapped: the emulator's answer first, then the server follows the record.
"""

import json
import logging
import re
import threading
from collections.abc import Callable
from typing import Any

import psycopg
from ministack.services import rds, secretsmanager

from local.emulator import database_secrets, ports
from local.emulator.options import Options
from local.emulator.postgres_server import PostgresServer
from local.emulator.processes import ProcessLedger
from local.errors import LocalError

_log = logging.getLogger(__name__)

Record = dict[str, Any]
Action = Callable[[dict[str, Any]], tuple[int, dict[str, str], Any]]

_POSTGRES_ENGINES = ("aurora-postgresql", "postgres")
# What aws-cdk-lib knows and the emulator's list does not yet.
_MORE_AURORA_VERSIONS = ("18.6",)


class Databases:
    """The servers, by the ARN of their cluster or instance."""

    def __init__(self, options: Options, ledger: ProcessLedger) -> None:
        """Keep their data below the emulator's data folder."""
        self._options = options
        self._ledger = ledger
        self._servers: dict[str, PostgresServer] = {}
        self._guard = threading.RLock()

    def start(self, arn: str, identifier: str, *, master: str, password: str, database: str | None) -> PostgresServer:
        """Make a server for a new cluster or instance.

        Raises:
            LocalError: it does not come up, or no port is free.
        """
        with self._guard:
            port = ports.reserve(self._options.database_ports)
        server = PostgresServer(
            folder=self._options.postgres / identifier,
            log=self._options.logs / "postgres" / f"{identifier}.log",
            port=port,
            ledger=self._ledger,
        )
        try:
            server.create(master=master, password=password, database=database)
        except (LocalError, OSError, psycopg.Error):
            server.remove()
            ports.release(port)
            raise
        self._servers[arn] = server
        return server

    def find(self, arn: str) -> PostgresServer | None:
        """The server of a cluster or stand-alone instance."""
        return self._servers.get(arn)

    def remove(self, arn: str) -> None:
        """End a server and delete its data."""
        server = self._servers.pop(arn, None)
        if server is not None:
            server.remove()
            ports.release(server.port)


def install(options: Options, ledger: ProcessLedger) -> Databases:
    """Let RDS have real servers."""
    databases = Databases(options, ledger)
    for version in _MORE_AURORA_VERSIONS:
        rds.AURORA_POSTGRESQL_ENGINE_VERSIONS.append((version, f"aurora-postgresql{version.split('.')[0]}"))
        rds.AURORA_POSTGRESQL_ENGINE_VERSION_SET.add(version)
    wrappers: dict[str, Callable[[Databases, Action], Action]] = {
        "CreateDBCluster": _create_cluster,
        "DeleteDBCluster": _delete_cluster,
        "StartDBCluster": _start,
        "StopDBCluster": _stop,
        "CreateDBInstance": _create_instance,
        "DeleteDBInstance": _delete_instance,
        "StartDBInstance": _start,
        "StopDBInstance": _stop,
    }
    for name, wrapper in wrappers.items():
        rds._ACTION_MAP[name] = wrapper(databases, rds._ACTION_MAP[name])
    database_secrets.follow(databases.find)
    return databases


def _create_cluster(databases: Databases, original: Action) -> Action:
    def create(parameters: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        response = original(parameters)
        if response[0] >= 400:  # noqa: PLR2004 - refused
            return response
        cluster = rds._clusters[rds._p(parameters, "DBClusterIdentifier")]
        if cluster["Engine"] not in _POSTGRES_ENGINES:
            return response
        try:
            server = databases.start(
                cluster["DBClusterArn"],
                cluster["DBClusterIdentifier"],
                master=cluster["MasterUsername"],
                password=cluster["_MasterUserPassword"],
                database=cluster.get("DatabaseName"),
            )
        except (LocalError, OSError, psycopg.Error) as error:
            rds._clusters.pop(cluster["DBClusterIdentifier"], None)
            return _failure(error)
        publish_cluster(cluster, server)
        element = f"<DBCluster>{rds._cluster_xml(cluster)}</DBCluster>"
        body = f"<CreateDBClusterResult>{element}</CreateDBClusterResult>"
        answer: tuple[int, dict[str, str], Any] = rds._xml(200, "CreateDBClusterResponse", body)
        return answer

    return create


def publish_cluster(cluster: Record, server: PostgresServer) -> None:
    """Let a cluster, and the instances that join it, report where its server really listens."""
    cluster.update(
        {
            "_shared_endpoint": {
                "Address": ports.LOOPBACK,
                "Port": server.port,
                "HostedZoneId": cluster.get("HostedZoneId", ""),
            },
            "_shared_host_port": server.port,
            "_shared_internal_address": ports.LOOPBACK,
            "_shared_internal_port": server.port,
            # Says that there is compute: the emulator then changes its password instead of putting it off.
            "_shared_container_id": cluster["DbClusterResourceId"],
            "_shared_container_ready": True,
            "_shared_storage_initialized": True,
        }
    )
    rds._sync_cluster_endpoints(cluster)


def _delete_cluster(databases: Databases, original: Action) -> Action:
    def delete(parameters: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        cluster = rds._resolve_cluster_in_request_region(rds._p(parameters, "DBClusterIdentifier"))
        response = original(parameters)
        if cluster and response[0] < 400:  # noqa: PLR2004 - accepted
            databases.remove(cluster["DBClusterArn"])
        return response

    return delete


def _create_instance(databases: Databases, original: Action) -> Action:
    def create(parameters: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        managed = rds._p(parameters, "ManageMasterUserPassword") == "true"
        if managed:
            parameters = {**parameters, "MasterUserPassword": rds._generate_master_user_password()}
        response = original(parameters)
        if response[0] >= 400:  # noqa: PLR2004 - refused
            return response
        instance = rds._instances[rds._p(parameters, "DBInstanceIdentifier")]
        if instance["Engine"] not in _POSTGRES_ENGINES or instance.get("DBClusterIdentifier"):
            return response
        try:
            server = databases.start(
                instance["DBInstanceArn"],
                instance["DBInstanceIdentifier"],
                master=instance["MasterUsername"],
                password=instance["_MasterUserPassword"],
                database=rds._p(parameters, "DBName") or None,
            )
        except (LocalError, OSError, psycopg.Error) as error:
            rds._instances.pop(instance["DBInstanceIdentifier"], None)
            return _failure(error)
        instance["Endpoint"] = {**instance["Endpoint"], "Address": ports.LOOPBACK, "Port": server.port}
        if managed:
            _create_managed_secret(instance, rds._p(parameters, "MasterUserSecretKmsKeyId"))
        answer: tuple[int, dict[str, str], Any] = rds._single_instance_response(
            "CreateDBInstanceResponse", "CreateDBInstanceResult", instance
        )
        return answer

    return create


def _create_managed_secret(instance: Record, key: str) -> None:
    """The emulator manages master passwords of clusters only."""
    content = json.dumps({"username": instance["MasterUsername"], "password": instance["_MasterUserPassword"]})
    arn = secretsmanager.create_secret_in_process(
        f"rds!db-{rds.new_uuid()}",
        content,
        description=f"Secret managed by RDS for DB instance {instance['DBInstanceIdentifier']}",
    )
    instance["MasterUserSecret"] = {"SecretArn": arn, "SecretStatus": "active", "KmsKeyId": key}


def _delete_instance(databases: Databases, original: Action) -> Action:
    def delete(parameters: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        instance = rds._resolve_instance(rds._p(parameters, "DBInstanceIdentifier"))
        response = original(parameters)
        if instance and response[0] < 400:  # noqa: PLR2004 - accepted
            databases.remove(instance["DBInstanceArn"])
            secret = (instance.get("MasterUserSecret") or {}).get("SecretArn")
            if secret:
                secretsmanager.delete_secret_in_process(secret)
        return response

    return delete


def _start(databases: Databases, original: Action) -> Action:
    def start(parameters: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        response = original(parameters)
        arn, record = _target(parameters)
        server = databases.find(arn)
        if server is not None and response[0] < 400:  # noqa: PLR2004 - accepted
            server.start()
            # It may have been changed while there was no server to change it in.
            server.set_password(record["MasterUsername"], record["_MasterUserPassword"])
        return response

    return start


def _stop(databases: Databases, original: Action) -> Action:
    def stop(parameters: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        response = original(parameters)
        server = databases.find(_target(parameters)[0])
        if server is not None and response[0] < 400:  # noqa: PLR2004 - accepted
            server.stop()
        return response

    return stop


def _target(parameters: dict[str, Any]) -> tuple[str, Record]:
    cluster = rds._resolve_cluster_in_request_region(rds._p(parameters, "DBClusterIdentifier"))
    if cluster:
        return str(cluster["DBClusterArn"]), cluster
    instance = rds._resolve_instance(rds._p(parameters, "DBInstanceIdentifier"))
    return (str(instance["DBInstanceArn"]), instance) if instance else ("", {})


def _failure(error: Exception) -> tuple[int, dict[str, str], Any]:
    _log.error("a database did not start: %s", error)
    message = re.sub(r"[<>&]", " ", str(error))
    response: tuple[int, dict[str, str], Any] = rds._error("InternalFailure", message, 500)
    return response
