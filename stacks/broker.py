"""The Broker stack."""

from dataclasses import dataclass, replace
from typing import Unpack

from aws_cdk import Fn, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.model import BrokerConfig
from constructs_lib.broker import RabbitMqBroker
from constructs_lib.workload import WorkloadOptions
from stacks.base import GroundworkStack, StackOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokerProps:
    """What the Broker stack is made from."""

    vpc: ec2.IVpc
    """The VPC with private subnets."""
    config: BrokerConfig
    """Version, size, and one node or three."""
    workload: WorkloadOptions
    """Lifecycle and provider."""
    alarm_topic: sns.ITopic | None
    """Where alarms go; None makes none."""


class BrokerStack(GroundworkStack):
    """The RabbitMQ broker and its credentials.

    A stack of its own because messages outlive the services on both sides of it, and because a broker takes a quarter
    of an hour to make and has maintenance of its own: no deployment of code should wait for it.
    """

    def __init__(self, scope: Construct, id_: str, *, props: BrokerProps, **options: Unpack[StackOptions]) -> None:
        super().__init__(scope, id_, **options)
        made = RabbitMqBroker(
            self,
            "RabbitMq",
            vpc=props.vpc,
            config=props.config,
            lifecycle=props.workload.lifecycle,
            provider=props.workload.provider,
            alarm_topic=props.alarm_topic,
        )
        self.output("BrokerUrl", made.broker.url, "Where AMQP clients connect to")
        # The broker has a list of addresses. Handed on as it is, it would come joined, to be taken apart in a way that
        # CloudFormation does not document: this stack selects, and hands on one text.
        region = None if Token.is_unresolved(self.region) else self.region
        self.broker = replace(made.broker, url=Fn.get_stack_output(self.stack_name, "BrokerUrl", region))
        self.graphs = made.graphs
        self.output("BrokerSecretArn", self.broker.secret.secret_arn, "User and password of the broker")
