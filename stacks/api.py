"""The Api stack."""

from dataclasses import dataclass
from typing import Unpack

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from config.model import ApiConfig
from constructs_lib.access import Database, Queue, allow_database, database_variables
from constructs_lib.fargate_api import FargateApi
from constructs_lib.workload import WorkloadOptions
from stacks.base import GroundworkStack, StackOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiProps:
    """What the Api stack is made from."""

    vpc: ec2.IVpc
    """The VPC with public subnets for the load balancer and private ones for the tasks."""
    database: Database
    """Where notifications are stored."""
    queue: Queue
    """Where notifications are sent for delivery."""
    config: ApiConfig
    """Size, scaling and certificate."""
    workload: WorkloadOptions
    """Options of the code that runs."""


class ApiStack(GroundworkStack):
    """The HTTP API behind its load balancer.

    A stack of its own because it is deployed often and holds no state: it can be rolled back, or deleted and made
    again, while messages wait and data stays.
    """

    def __init__(self, scope: Construct, id_: str, *, props: ApiProps, **options: Unpack[StackOptions]) -> None:
        super().__init__(scope, id_, **options)
        api = FargateApi(
            self,
            "Api",
            vpc=props.vpc,
            config=props.config,
            options=props.workload,
            command=["python", "-m", "services.api"],
            variables={
                **database_variables(props.database, props.workload.provider),
                "DATABASE_POOL_SIZE": str(props.config.database_pool_size),
                "QUEUE_URL": props.queue.queue.queue_url,
                "AWS_REGION": self.region,
            },
        )
        allow_database(api.consumer, props.database)
        props.queue.queue.grant_send_messages(api.consumer.role)
        self.output("ApiUrl", api.url, "The load balancer; a certificate's domain name is pointed at it")
        self.output("LoadBalancerArn", api.load_balancer.load_balancer_arn, "The load balancer")
        self.output("ClusterName", api.cluster.cluster_name, "The ECS cluster")
        self.output("ServiceName", api.service.service_name, "The ECS service")
