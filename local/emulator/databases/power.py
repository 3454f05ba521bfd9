"""RDS's actions that start and stop clusters and instances."""

from ministack.services import rds

from local.emulator.databases.actions import Action, Parameters, Record, Response, accepted, failed, value
from local.emulator.databases.servers import FAILURES, Databases


def start(databases: Databases, original: Action) -> Action:
    """StartDBCluster and StartDBInstance."""

    def start_server(parameters: Parameters) -> Response:
        response = original(parameters)
        arn, record = _target(parameters)
        server = databases.find(arn)
        if server is not None and accepted(response):
            try:
                server.start()
                # It may have been changed while there was no server to change it in.
                server.set_password(record["MasterUsername"], record["_MasterUserPassword"])
            except FAILURES as error:
                return failed(error)
        return response

    return start_server


def stop(databases: Databases, original: Action) -> Action:
    """StopDBCluster and StopDBInstance."""

    def stop_server(parameters: Parameters) -> Response:
        response = original(parameters)
        server = databases.find(_target(parameters)[0])
        if server is not None and accepted(response):
            server.stop()
        return response

    return stop_server


def _target(parameters: Parameters) -> tuple[str, Record]:
    cluster = rds._resolve_cluster_in_request_region(value(parameters, "DBClusterIdentifier"))
    if cluster:
        return str(cluster["DBClusterArn"]), cluster
    instance = rds._resolve_instance(value(parameters, "DBInstanceIdentifier"))
    return (str(instance["DBInstanceArn"]), instance) if instance else ("", {})
