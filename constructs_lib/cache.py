"""A Valkey or Redis cache of ElastiCache, encrypted, behind a token."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.model import CacheConfig, Lifecycle
from constructs_lib.access import Cache
from constructs_lib.alarms import alarm
from constructs_lib.graphs import Graph
from constructs_lib.keys import customer_key
from constructs_lib.lifecycle import database_removal_policy, removal_policy
from constructs_lib.network import data_subnets
from constructs_lib.providers import Provider

PORT = 6379
# From this share of its memory on, a cache is about to evict what is still wanted.
MEMORY_ALARM_PERCENT = 80
_MINUTE = Duration.minutes(1)
# ElastiCache takes tokens of 16 to 128 characters; letters and digits need no escaping anywhere.
_TOKEN_LENGTH = 64


class CacheCluster(Construct):
    """A replication group, also where it has a single node: only a group can be encrypted and ask for a token."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc: ec2.IVpc,
        config: CacheConfig,
        lifecycle: Lifecycle,
        provider: Provider,
        alarm_topic: sns.ITopic | None,
    ) -> None:
        super().__init__(scope, id_)
        several = config.nodes > 1
        group = ec2.SecurityGroup(self, "SecurityGroup", vpc=vpc, description="The cache", allow_all_outbound=False)
        key = customer_key(self, "elasticache", "secretsmanager")
        secret = secretsmanager.Secret(
            self,
            "Token",
            encryption_key=key,
            description="Token that clients of the cache sign in with",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                exclude_punctuation=True, include_space=False, password_length=_TOKEN_LENGTH
            ),
            removal_policy=removal_policy(lifecycle),
        )
        subnets = elasticache.CfnSubnetGroup(
            self,
            "Subnets",
            description="Where the cache's nodes stand",
            subnet_ids=vpc.select_subnets(subnet_type=data_subnets(vpc).subnet_type).subnet_ids,
        )
        parameters = elasticache.CfnParameterGroup(
            self,
            "Parameters",
            description="Only what expires by itself is evicted",
            cache_parameter_group_family=_family(config.engine, config.engine_version),
            # A session or a cached answer can be had again; what has no expiry, such as a lock's counter, cannot.
            properties={"maxmemory-policy": "volatile-lru"},
        )
        self._nodes = config.nodes
        self._group = elasticache.CfnReplicationGroup(
            self,
            "Group",
            replication_group_description=f"{config.engine} cache",
            engine=config.engine,
            engine_version=config.engine_version,
            cache_node_type=config.node_type or provider.cache_node_type,
            num_cache_clusters=config.nodes,
            automatic_failover_enabled=several,
            multi_az_enabled=several,
            cache_subnet_group_name=subnets.ref,
            cache_parameter_group_name=parameters.ref,
            security_group_ids=[group.security_group_id],
            port=PORT,
            at_rest_encryption_enabled=True,
            kms_key_id=None if key is None else key.key_arn,
            transit_encryption_enabled=True,
            # A reference that CloudFormation resolves: the token stands in no template.
            auth_token=secret.secret_value.unsafe_unwrap(),
            snapshot_retention_limit=config.snapshot_retention_days,
            auto_minor_version_upgrade=True,
        )
        self._group.apply_removal_policy(database_removal_policy(lifecycle))
        self.cache = Cache(
            network=ec2.Connections(security_groups=[group]),
            host=self._group.attr_primary_end_point_address,
            endpoint_port=self._group.attr_primary_end_point_port,
            port=PORT,
            secret=secret,
        )
        if alarm_topic is not None:
            alarm(
                self,
                "MemoryAlarm",
                metric=self._fullest,
                threshold=MEMORY_ALARM_PERCENT,
                description="The cache's memory is nearly used up",
                topic=alarm_topic,
            )

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """How full it is, how much it is used, and what it throws out."""
        return (
            Graph(title="Cache: memory (%)", metrics=self._of_nodes("DatabaseMemoryUsagePercentage", "Maximum")),
            Graph(title="Cache: connections", metrics=self._of_nodes("CurrConnections", "Maximum")),
            Graph(title="Cache: evictions", metrics=self._of_nodes("Evictions", "Sum")),
        )

    @property
    def _fullest(self) -> cloudwatch.IMetric:
        metrics = self._of_nodes("DatabaseMemoryUsagePercentage", "Maximum")
        if len(metrics) == 1:
            return metrics[0]
        names = {f"node{number}": metric for number, metric in enumerate(metrics, start=1)}
        return cloudwatch.MathExpression(
            expression=f"MAX([{', '.join(names)}])", label="Fullest node", period=_MINUTE, using_metrics=names
        )

    def _of_nodes(self, name: str, statistic: str) -> tuple[cloudwatch.Metric, ...]:
        # ElastiCache numbers the nodes of a group, and measures nodes only.
        return tuple(
            cloudwatch.Metric(
                namespace="AWS/ElastiCache",
                metric_name=name,
                dimensions_map={"CacheClusterId": f"{self._group.ref}-{number:03}"},
                period=_MINUTE,
                statistic=statistic,
            )
            for number in range(1, self._nodes + 1)
        )


def _family(engine: str, version: str) -> str:
    """Return the family of parameters that fits a version, such as `valkey8` for Valkey 8.1."""
    major, _ = version.split(".")
    return "redis6.x" if (engine, major) == ("redis", "6") else f"{engine}{major}"
