"""The servers that stand behind what is deployed, and where each is reached from this machine."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.cloud import client_options, session
from local.demos.prometheus import WORKSPACE_OUTPUT
from local.errors import LocalError
from local.prerequisites import STAND_INS
from local.settings import Settings
from local.state import State


@dataclass(frozen=True, slots=True)
class Server:
    """A server with an address of its own."""

    kind: str
    """Such as `PostgreSQL`."""
    name: str
    """As AWS calls the resource it stands behind."""
    address: str
    """Host and port, a whole address, or why there is none."""


def servers(settings: Settings, state: State | None) -> list[Server]:
    """Every server of the embedded cloud.

    Raises:
        LocalError: the cloud does not answer as it should.
    """

    found: list[Server] = []
    listings: tuple[tuple[str, Callable[[Any], Iterator[Server]]], ...] = (
        ("rds", _databases),
        ("elasticache", _caches),
        ("mq", _brokers),
        ("opensearch", _domains),
    )
    try:
        for service, listing in listings:
            found += listing(_client(settings, service))
    except (BotoCoreError, ClientError) as error:
        raise _silent(settings, "servers", error) from error
    for deployment in state.deployments.values() if state else ():
        if address := deployment.output(WORKSPACE_OUTPUT):
            found.append(Server("Prometheus", deployment.name, f"{address}graph"))
    return found


def running_tasks(settings: Settings) -> int:
    """How many ECS tasks run, of all clusters.

    Raises:
        LocalError: the cloud does not answer as it should.
    """
    ecs = _client(settings, "ecs")
    try:
        clusters = ecs.list_clusters()["clusterArns"]
        return sum(len(ecs.list_tasks(cluster=cluster, desiredStatus="RUNNING")["taskArns"]) for cluster in clusters)
    except (BotoCoreError, ClientError) as error:
        raise _silent(settings, "tasks", error) from error


def _client(settings: Settings, service: str) -> Any:
    return session(settings).client(service, **client_options(settings))  # type: ignore[call-overload]  # any service


def _silent(settings: Settings, what: str, error: Exception) -> LocalError:
    return LocalError(f"the cloud at {settings.endpoint_url} did not list its {what}: {error}")


def _databases(rds: Any) -> Iterator[Server]:
    for page in rds.get_paginator("describe_db_clusters").paginate():
        for cluster in page["DBClusters"]:
            yield Server("PostgreSQL", cluster["DBClusterIdentifier"], f"{cluster['Endpoint']}:{cluster['Port']}")
    for page in rds.get_paginator("describe_db_instances").paginate():
        for instance in page["DBInstances"]:
            if not instance.get("DBClusterIdentifier"):
                yield Server("PostgreSQL", instance["DBInstanceIdentifier"], _host_and_port(instance["Endpoint"]))


def _caches(elasticache: Any) -> Iterator[Server]:
    for page in elasticache.get_paginator("describe_replication_groups").paginate():
        for group in page["ReplicationGroups"]:
            endpoint = group["NodeGroups"][0]["PrimaryEndpoint"]
            yield Server("cache", group["ReplicationGroupId"], _host_and_port(endpoint))
    for page in elasticache.get_paginator("describe_cache_clusters").paginate(ShowCacheNodeInfo=True):
        for cluster in page["CacheClusters"]:
            if not cluster.get("ReplicationGroupId"):
                yield Server("cache", cluster["CacheClusterId"], _host_and_port(cluster["CacheNodes"][0]["Endpoint"]))


def _brokers(mq: Any) -> Iterator[Server]:
    for page in mq.get_paginator("list_brokers").paginate():
        for summary in page["BrokerSummaries"]:
            broker = mq.describe_broker(BrokerId=summary["BrokerId"])
            for instance in broker["BrokerInstances"]:
                yield Server("RabbitMQ", summary["BrokerName"], instance["Endpoints"][0])


def _domains(opensearch: Any) -> Iterator[Server]:
    for domain in opensearch.list_domain_names()["DomainNames"]:
        yield Server("OpenSearch", domain["DomainName"], STAND_INS["AWS::OpenSearchService::Domain"])


def _host_and_port(endpoint: dict[str, Any]) -> str:
    return f"{endpoint['Address']}:{endpoint['Port']}"
