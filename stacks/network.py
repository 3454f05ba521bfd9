"""The Network stack."""

from collections.abc import Sequence
from typing import Unpack

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from constructs import Construct

from config.model import Lifecycle, NetworkConfig
from constructs_lib.network import Network
from stacks.base import GroundworkStack, StackOptions


class NetworkStack(GroundworkStack):
    """The VPC everything with an address lives in.

    A stack of its own because it outlives and underlies all others: it changes rarely, and a mistake in it reaches
    everything.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: NetworkConfig,
        log_retention: logs.RetentionDays,
        lifecycle: Lifecycle,
        endpoints: Sequence[str] = (),
        **options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, id_, **options)
        network = Network(
            self, "Network", config=config, log_retention=log_retention, lifecycle=lifecycle, endpoints=endpoints
        )
        self.inside = network.inside
        self.vpc: ec2.IVpc = network.vpc
        self.output("VpcId", self.vpc.vpc_id, "The VPC")
