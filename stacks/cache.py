"""The Cache stack."""

from dataclasses import dataclass
from typing import Unpack

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.model import CacheConfig
from constructs_lib.cache import CacheCluster
from constructs_lib.workload import WorkloadOptions
from stacks.base import GroundworkStack, StackOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheProps:
    """What the Cache stack is made from."""

    vpc: ec2.IVpc
    """The VPC with subnets for data."""
    config: CacheConfig
    """Engine, version, size and nodes."""
    workload: WorkloadOptions
    """Lifecycle and provider."""
    alarm_topic: sns.ITopic | None
    """Where alarms go; None makes none."""


class CacheStack(GroundworkStack):
    """The cache and its token.

    A stack of its own because what it holds can be lost and computed again: it may be replaced, resized or deleted
    without anybody touching a database, and a mistake in it costs speed, not data.
    """

    def __init__(self, scope: Construct, id_: str, *, props: CacheProps, **options: Unpack[StackOptions]) -> None:
        super().__init__(scope, id_, **options)
        cluster = CacheCluster(
            self,
            "Cache",
            vpc=props.vpc,
            config=props.config,
            lifecycle=props.workload.lifecycle,
            provider=props.workload.provider,
            alarm_topic=props.alarm_topic,
        )
        self.cache = cluster.cache
        self.graphs = cluster.graphs
        self.output("CacheEndpoint", self.cache.host, "Host name of the primary node")
        self.output("CacheSecretArn", self.cache.secret.secret_arn, "Token that clients sign in with")
