"""RDS's actions on clusters: one server each, which all instances of the cluster share."""

from ministack.services import rds

from local.emulator import ports
from local.emulator.databases.actions import (
    POSTGRES_ENGINES,
    Action,
    Parameters,
    Record,
    Response,
    accepted,
    archives,
    cluster_response,
    failed,
    value,
)
from local.emulator.databases.instances import encrypt_password, follow_retention
from local.emulator.databases.postgres import PostgresServer
from local.emulator.databases.servers import FAILURES, Databases


def create(databases: Databases, original: Action) -> Action:
    """CreateDBCluster."""

    def create_cluster(parameters: Parameters) -> Response:
        response = original(parameters)
        if not accepted(response):
            return response
        cluster = rds._clusters[value(parameters, "DBClusterIdentifier")]
        encrypt_password(cluster)
        if cluster["Engine"] not in POSTGRES_ENGINES:
            return response
        try:
            server = databases.create(
                cluster["DBClusterArn"],
                master=cluster["MasterUsername"],
                password=cluster["_MasterUserPassword"],
                database=cluster.get("DatabaseName"),
                archive=archives(cluster),
            )
        except FAILURES as error:
            rds._clusters.pop(cluster["DBClusterIdentifier"], None)
            return failed(error)
        publish_cluster(cluster, server)
        return cluster_response("CreateDBCluster", cluster)

    return create_cluster


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


def delete(databases: Databases, original: Action) -> Action:
    """DeleteDBCluster, with the final snapshot that the emulator does not take."""

    def delete_cluster(parameters: Parameters) -> Response:
        cluster = rds._resolve_cluster_in_request_region(value(parameters, "DBClusterIdentifier"))
        final = value(parameters, "FinalDBSnapshotIdentifier")
        if cluster and final and not cluster.get("DeletionProtection") and not cluster.get("DBClusterMembers"):
            try:
                rds._create_cluster_snapshot_internal(final, cluster)
            except FAILURES as error:
                return failed(error)
        response = original(parameters)
        if cluster and accepted(response):
            databases.remove(cluster["DBClusterArn"])
        return response

    return delete_cluster


def fail_over(databases: Databases, original: Action) -> Action:
    """FailoverDBCluster: the writer's connections end, as they do on AWS, and a moment later it answers again."""

    def fail_over_cluster(parameters: Parameters) -> Response:
        response = original(parameters)
        cluster = rds._resolve_cluster_in_request_region(value(parameters, "DBClusterIdentifier"))
        server = databases.find(cluster["DBClusterArn"]) if cluster else None
        if server is not None and accepted(response):
            try:
                server.restart()
            except FAILURES as error:
                return failed(error)
        return response

    return fail_over_cluster


def modify(databases: Databases, original: Action) -> Action:
    """ModifyDBCluster."""

    def modify_cluster(parameters: Parameters) -> Response:
        response = original(parameters)
        cluster = rds._resolve_cluster_in_request_region(value(parameters, "DBClusterIdentifier"))
        if cluster and accepted(response):
            try:
                follow_retention(databases, cluster["DBClusterArn"], cluster)
            except FAILURES as error:
                return failed(error)
        return response

    return modify_cluster
