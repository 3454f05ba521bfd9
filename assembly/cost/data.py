"""What keeps data: databases, caches, brokers, search, buckets, queues."""

from collections.abc import Iterator

from assembly.cost.figures import Charge, Month, Pricings, charge
from assembly.cost.prices import DAYS_PER_MONTH, HOURS_PER_MONTH
from assembly.errors import InputError
from assembly.templates import Resource

# What RDS does where a template says nothing.
_DEFAULT_RETENTION_DAYS = 1
_SERVERLESS = "db.serverless"
# Of a RabbitMQ cluster.
_NODES_OF_A_CLUSTER = 3
# A message is sent, received and deleted.
_REQUESTS_PER_MESSAGE = 3
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html: five pollers at least, each with long polls of
# 20 seconds.
_POLLS_PER_MONTH = 5 * HOURS_PER_MONTH * 3600 / 20


def _cluster(month: Month, cluster: Resource) -> Iterator[Charge]:
    """Storage, I/O, backups and password; capacity is paid by instance."""
    gib = month.traffic.database_gib
    yield charge("aurora.storage.gib_month", gib)
    yield charge("aurora.io.request", month.traffic.database_ios_per_month)
    # As much as the data itself is free.
    yield charge("aurora.backup.gib_month", max(_backups_gib(month, cluster, gib) - gib, 0))
    yield from _password(cluster)


def _instance(month: Month, instance: Resource) -> Iterator[Charge]:
    clusters = month.named(instance, "DBClusterIdentifier")
    if instance.value("DBClusterIdentifier") is not None:
        yield from _member(month, instance, clusters)
        return
    place = "multi_az" if instance.flag("MultiAZ") else "single_az"
    engine = str(instance.value("Engine"))
    yield charge(f"rds.{engine}.{instance.value('DBInstanceClass')}.{place}.hour", HOURS_PER_MONTH)
    storage = str(instance.value("StorageType", "gp2"))
    # Storage that grows by itself is there once the data needs it.
    allocated_gib = max(instance.number("AllocatedStorage", 20), month.traffic.database_gib)
    yield charge(f"rds.{storage}.{place}.gib_month", allocated_gib)
    backups_gib = _backups_gib(month, instance, month.traffic.database_gib)
    # As much as the storage of the instance is free.
    charged_gib = max(backups_gib - allocated_gib, 0)
    if instance.value("AutomaticBackupReplicationRegion"):
        charged_gib += backups_gib
        yield charge("transfer.region_gib", _changed_gib(month, month.traffic.database_gib))
    yield charge("rds.backup.gib_month", charged_gib)
    yield from _password(instance)


def _member(month: Month, instance: Resource, clusters: set[Resource]) -> Iterator[Charge]:
    instance_class = str(instance.value("DBInstanceClass"))
    if instance_class != _SERVERLESS:
        yield charge(f"aurora.{instance_class}.hour", HOURS_PER_MONTH)
        return
    cluster = next((each for each in clusters if each.type == "AWS::RDS::DBCluster"), None)
    if cluster is None:
        place = f"{instance.stack}: {instance.path}"
        raise InputError(f"{place} belongs to no cluster of the assembly, so its capacity is unknown")
    scaling = cluster.value("ServerlessV2ScalingConfiguration") or {}
    least, most = float(scaling.get("MinCapacity", 0.5)), float(scaling.get("MaxCapacity", 1))
    hours = HOURS_PER_MONTH if least > 0 else month.traffic.database_awake_hours_per_month
    acu = min(max(least, month.traffic.database_acu), most)
    yield charge("aurora.serverless_v2.acu_hour", hours * acu)


def _password(database: Resource) -> Iterator[Charge]:
    """The secret that RDS makes for itself."""
    if database.flag("ManageMasterUserPassword"):
        yield charge("secretsmanager.secret_month", 1)


def _backups_gib(month: Month, database: Resource, gib: float) -> float:
    """A full copy, and what has changed on each of the other days."""
    days = database.number("BackupRetentionPeriod", _DEFAULT_RETENTION_DAYS)
    return gib * (1 + (days - 1) * month.traffic.database_daily_change_share) if days else 0


def _changed_gib(month: Month, gib: float) -> float:
    return gib * month.traffic.database_daily_change_share * DAYS_PER_MONTH


def _backup_plan(month: Month, plan: Resource) -> Iterator[Charge]:
    """What AWS Backup keeps of databases, each rule by itself, and of that what it copies."""
    selected = {
        database
        for selection in month.assembly.of_type("AWS::Backup::BackupSelection")
        if month.refers(selection, "BackupPlanId", plan)
        for database in month.named(selection, "BackupSelection")
        if database.type in ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster")
    }
    gib = month.traffic.database_gib * len(selected)
    for rule in (plan.value("BackupPlan") or {}).get("BackupPlanRule", []):
        yield charge("backup.rds.gib_month", gib * _copies(month, plan, rule))
        for copy in rule.get("CopyActions") or []:
            yield charge("backup.rds.gib_month", gib * _copies(month, plan, copy))
            yield charge("transfer.region_gib", _changed_gib(month, gib))


def _copies(month: Month, plan: Resource, rule: dict[str, object]) -> float:
    """How many times the data of a database is kept: once in full, and what has changed on each of the other days."""
    lifecycle = rule.get("Lifecycle")
    days = lifecycle.get("DeleteAfterDays") if isinstance(lifecycle, dict) else None
    if days is None:
        raise InputError(
            f"{plan.stack}: {plan.path} keeps backups for ever, so what they cost has no bound; set DeleteAfterDays"
        )
    return 1 + (float(days) - 1) * month.traffic.database_daily_change_share


def _cache(month: Month, cache: Resource) -> Iterator[Charge]:
    shards = cache.number("NumNodeGroups", 1)
    nodes = cache.number("NumCacheClusters", shards * (1 + cache.number("ReplicasPerNodeGroup", 0)))
    node = f"elasticache.{cache.value('Engine', 'redis')}.{cache.value('CacheNodeType')}.hour"
    yield charge(node, nodes * HOURS_PER_MONTH)
    # One is free.
    kept = max(cache.number("SnapshotRetentionLimit", 0) - 1, 0)
    if kept:
        yield charge("elasticache.snapshot.gib_month", kept * month.traffic.cache_gib)


def _broker(month: Month, broker: Resource) -> Iterator[Charge]:
    nodes = 1 if broker.value("DeploymentMode") == "SINGLE_INSTANCE" else _NODES_OF_A_CLUSTER
    engine = str(broker.value("EngineType")).lower()
    yield charge(f"mq.{engine}.{broker.value('HostInstanceType')}.hour", nodes * HOURS_PER_MONTH)
    yield charge(f"mq.{engine}.gib_month", nodes * month.traffic.broker_gib)


def _domain(_month: Month, domain: Resource) -> Iterator[Charge]:
    cluster = domain.value("ClusterConfig") or {}
    nodes = int(cluster.get("InstanceCount", 1))
    yield charge(f"opensearch.{cluster.get('InstanceType', 'm4.large.search')}.hour", nodes * HOURS_PER_MONTH)
    if str(cluster.get("DedicatedMasterEnabled")).lower() == "true":
        masters = int(cluster.get("DedicatedMasterCount", 3))
        yield charge(f"opensearch.{cluster.get('DedicatedMasterType')}.hour", masters * HOURS_PER_MONTH)
    volumes = domain.value("EBSOptions") or {}
    if str(volumes.get("EBSEnabled")).lower() == "true":
        gib = nodes * float(volumes.get("VolumeSize", 10))
        yield charge(f"opensearch.{volumes.get('VolumeType', 'gp2')}.gib_month", gib)


def _bucket(month: Month, bucket: Resource) -> Iterator[Charge]:
    if _holds_logs(month, bucket):
        # Compressed, and deleted after weeks: at the requests of a budget's traffic it comes to cents.
        return
    yield charge("s3.standard.gib_month", month.traffic.bucket_gib)
    yield charge("s3.write", month.traffic.bucket_writes_per_month)


def _holds_logs(month: Month, bucket: Resource) -> bool:
    writers = {
        "AWS::ElasticLoadBalancingV2::LoadBalancer": "LoadBalancerAttributes",
        "AWS::EC2::FlowLog": "LogDestination",
    }
    return any(
        month.refers(each, name, bucket) for kind, name in writers.items() for each in month.assembly.of_type(kind)
    )


def _queue(month: Month, queue: Resource) -> Iterator[Charge]:
    kind = "fifo" if queue.flag("FifoQueue") else "standard"
    pollers = sum(
        month.refers(mapping, "EventSourceArn", queue)
        for mapping in month.assembly.of_type("AWS::Lambda::EventSourceMapping")
    )
    dead_letter_queues = {
        target for each in month.assembly.of_type("AWS::SQS::Queue") for target in month.named(each, "RedrivePolicy")
    }
    share = month.share(queue, lambda each: each not in dead_letter_queues)
    requests = pollers * _POLLS_PER_MONTH + share * month.traffic.messages_per_month * _REQUESTS_PER_MESSAGE
    yield charge(f"sqs.{kind}.request", requests)


PRICED: Pricings = {
    "AWS::AmazonMQ::Broker": _broker,
    "AWS::Backup::BackupPlan": _backup_plan,
    "AWS::ElastiCache::ReplicationGroup": _cache,
    "AWS::OpenSearchService::Domain": _domain,
    "AWS::RDS::DBCluster": _cluster,
    "AWS::RDS::DBInstance": _instance,
    "AWS::S3::Bucket": _bucket,
    "AWS::SQS::Queue": _queue,
}
