"""The Api stack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Unpack

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.database_users import KEYS, user_of_service
from config.model import ChannelsConfig, LoadBalancerConfig, ServiceConfig, Uses
from constructs_lib.access import Access, Resources
from constructs_lib.channels import Channels
from constructs_lib.fargate_service import FargateService, services_image
from constructs_lib.graphs import Graph
from constructs_lib.keys_function import KeysFunction
from constructs_lib.load_balancer import LoadBalancer
from constructs_lib.names import pascal_case
from constructs_lib.prometheus import Watched
from constructs_lib.workload import WorkloadOptions
from stacks.base import GroundworkStack, StackOptions

# Its name among the security groups.
LOAD_BALANCER = "load_balancer"
# How the outputs end that name the functions for API keys; before it stands the name of a database.
KEYS_OUTPUT = "KeysFunctionName"


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiProps:
    """What the Api stack is made from."""

    vpc: ec2.IVpc
    """The VPC with public subnets for the load balancer and private ones for the tasks."""
    resources: Resources
    """What services may use."""
    services: Mapping[str, ServiceConfig]
    """Program, size, scaling, route and uses of each service, by its name."""
    load_balancer: LoadBalancerConfig | None
    """Certificate and default response; None puts no service behind a load balancer."""
    databases_with_keys: Sequence[str]
    """The databases that hold API keys; each gets a function that makes them."""
    channels: ChannelsConfig | None
    """The ways out to the recipients, if any service has some."""
    alarm_topic: sns.ITopic | None
    """Where alarms go; None makes none."""
    container_insights: bool
    """Whether the cluster sends metrics of its services and tasks."""
    workload: WorkloadOptions
    """Options of the code that runs."""


class ApiStack(GroundworkStack):
    """The services, and the load balancer in front of them.

    A stack of its own because it is deployed often and holds no state: it can be rolled back, or deleted and made
    again, while messages wait and data stays. All services are in it because they run one image and change together.
    """

    def __init__(self, scope: Construct, id_: str, *, props: ApiProps, **options: Unpack[StackOptions]) -> None:
        super().__init__(scope, id_, **options)
        insights = ecs.ContainerInsights.ENABLED if props.container_insights else ecs.ContainerInsights.DISABLED
        self.cluster = ecs.Cluster(self, "Cluster", vpc=props.vpc, container_insights_v2=insights)
        self.load_balancer = self._add_load_balancer(props)
        channels = self._add_channels(props)
        image = services_image(self, "Image")
        self.services: Mapping[str, FargateService] = {
            name: FargateService(
                self,
                pascal_case(name),
                name=name,
                cluster=self.cluster,
                image=image,
                config=config,
                access=Access(
                    config.uses,
                    props.resources,
                    props.workload.provider,
                    channels,
                    user=user_of_service(name),
                ),
                options=props.workload,
                load_balancer=self.load_balancer,
            )
            for name, config in props.services.items()
        }
        for key in props.databases_with_keys:
            keys = KeysFunction(
                self,
                f"{pascal_case(key)}Keys",
                vpc=props.vpc,
                access=Access(Uses(database=key), props.resources, props.workload.provider, user=KEYS),
                options=props.workload,
            ).function
            description = "The function that makes, lists and revokes API keys"
            self.output(f"{pascal_case(key)}{KEYS_OUTPUT}", keys.function_name, description)
        self.output("ClusterName", self.cluster.cluster_name, "The ECS cluster")
        for name, service in self.services.items():
            self.output(f"{pascal_case(name)}ServiceName", service.service.service_name, f"The ECS service of {name}")

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """What the load balancer and the services show of themselves."""
        made = (self.load_balancer, *self.services.values())
        return tuple(graph for construct in made if construct is not None for graph in construct.graphs)

    @property
    def watched(self) -> Watched:
        """What Prometheus scrapes."""
        balancer = self.load_balancer.load_balancer if self.load_balancer is not None else None
        return Watched(cluster=self.cluster, services=self.services, load_balancer=balancer)

    @property
    def security_groups(self) -> Mapping[str, ec2.ISecurityGroup]:
        """The security group of the load balancer, and that of each service by its name."""
        found: dict[str, ec2.ISecurityGroup] = {name: it.security_group for name, it in self.services.items()}
        return found if self.load_balancer is None else {LOAD_BALANCER: self.load_balancer.security_group, **found}

    def _add_load_balancer(self, props: ApiProps) -> LoadBalancer | None:
        if props.load_balancer is None:
            return None
        made = LoadBalancer(
            self,
            "LoadBalancer",
            vpc=props.vpc,
            config=props.load_balancer,
            lifecycle=props.workload.lifecycle,
            log_retention=props.workload.log_retention,
            alarm_topic=props.alarm_topic,
        )
        self.output("ApiUrl", made.url, "The load balancer; a certificate's domain name is pointed at it")
        self.output("LoadBalancerArn", made.load_balancer.load_balancer_arn, "The load balancer")
        return made

    def _add_channels(self, props: ApiProps) -> Channels | None:
        used = {channel for service in props.services.values() for channel in service.uses.channels}
        if props.channels is None or not used:
            return None
        made = Channels(self, "Channels", config=props.channels, used=used, lifecycle=props.workload.lifecycle)
        if made.telegram_secret is not None:
            self.output("TelegramSecretArn", made.telegram_secret.secret_arn, "Put the Telegram bot's token here")
        return made
