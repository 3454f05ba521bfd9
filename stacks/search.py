"""The Search stack."""

from dataclasses import dataclass
from typing import Unpack

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.model import SearchConfig
from constructs_lib.search import SearchDomain
from constructs_lib.workload import WorkloadOptions
from stacks.base import GroundworkStack, StackOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchProps:
    """What the Search stack is made from."""

    vpc: ec2.IVpc
    """The VPC with subnets for data."""
    config: SearchConfig
    """Version, nodes and volumes."""
    workload: WorkloadOptions
    """Lifecycle."""
    alarm_topic: sns.ITopic | None
    """Where alarms go; None makes none."""


class SearchStack(GroundworkStack):
    """The OpenSearch domain and its credentials.

    A stack of its own because an index is made again from the databases, and because a change to a domain can take
    hours: neither the databases nor the services should wait for it.
    """

    def __init__(self, scope: Construct, id_: str, *, props: SearchProps, **options: Unpack[StackOptions]) -> None:
        super().__init__(scope, id_, **options)
        made = SearchDomain(
            self,
            "OpenSearch",
            vpc=props.vpc,
            config=props.config,
            lifecycle=props.workload.lifecycle,
            alarm_topic=props.alarm_topic,
        )
        self.search = made.search
        self.graphs = made.graphs
        self.output("SearchUrl", self.search.url, "Where the domain answers")
        self.output("SearchSecretArn", self.search.secret.secret_arn, "Master user of the domain")
