"""A Prometheus server on Fargate that scrapes every service, and reads the load balancer's metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_aps as aps
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from constructs import Construct

from config.model import PrometheusConfig, ServiceConfig
from constructs_lib.access import Access, Resources
from constructs_lib.fargate_service import FargateService, services_image
from constructs_lib.keys import customer_key
from constructs_lib.lifecycle import removal_policy
from constructs_lib.workload import WorkloadOptions

NAME = "prometheus"
PORT = 9090
_PROGRAM = "prometheus"
_DOCKERFILE = "prometheus.Dockerfile"
# Where the server keeps its configuration and its samples.
_SCRATCH = "/tmp"  # noqa: S108 - a volume of the task's own


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """What Prometheus watches: services on one cluster, and the load balancer in front of them, if there is one."""

    cluster: ecs.ICluster
    services: Mapping[str, FargateService]
    load_balancer: elbv2.ApplicationLoadBalancer | None


class Prometheus(Construct):
    """The server; what it collects goes to a managed workspace, or stays with its task.

    No network path leads to it: it makes rules from itself to the services, and nobody makes one to it. People look
    at a self-hosted one through a tunnel of Session Manager, which IAM guards.
    """

    def __init__(
        self, scope: Construct, id_: str, *, watched: Watched, config: PrometheusConfig, options: WorkloadOptions
    ) -> None:
        super().__init__(scope, id_)
        self.workspace = self._add_workspace(options) if config.kind == "managed" else None
        size = ServiceConfig(
            program=_PROGRAM,
            port=PORT,
            cpu_units=config.cpu_units,
            memory_mib=config.memory_mib,
            min_tasks=1,
            max_tasks=1,
            # Two would write every sample twice.
            singleton=True,
        )
        self.service = FargateService(
            self,
            "Server",
            name=NAME,
            cluster=watched.cluster,
            image=services_image(self, "Image", dockerfile=_DOCKERFILE),
            config=size,
            access=Access(size.uses, Resources(), options.provider),
            options=options,
            variables=self._variables(watched, config),
            writable=[_SCRATCH],
            # What a workspace is asked, people ask the server itself, through a tunnel to its port.
            sessions=config.kind == "self_hosted",
        )
        self._allow(watched)

    def _add_workspace(self, options: WorkloadOptions) -> aps.CfnWorkspace:
        key = customer_key(self, "aps")
        workspace = aps.CfnWorkspace(self, "Workspace", kms_key_arn=None if key is None else key.key_arn)
        workspace.apply_removal_policy(removal_policy(options.lifecycle))
        return workspace

    def _variables(self, watched: Watched, config: PrometheusConfig) -> dict[str, str]:
        found = {
            "CLUSTER_NAME": watched.cluster.cluster_name,
            "SCRAPE_INTERVAL_SECONDS": str(config.scrape_interval_seconds),
        }
        if watched.load_balancer is not None:
            found["LOAD_BALANCER"] = watched.load_balancer.load_balancer_full_name
        if self.workspace is None:
            found["RETENTION_DAYS"] = str(config.retention_days)
        else:
            # The endpoint ends with a slash.
            found["REMOTE_WRITE_URL"] = f"{self.workspace.attr_prometheus_endpoint}api/v1/remote_write"
        return found

    def _allow(self, watched: Watched) -> None:
        consumer = self.service.consumer
        for service in watched.services.values():
            consumer.network.connections.allow_to(service.service, ec2.Port.tcp(service.port), "Metrics")
        principal = consumer.role.grant_principal
        for statement in self._statements(watched):
            principal.add_to_principal_policy(statement)

    def _statements(self, watched: Watched) -> list[iam.PolicyStatement]:
        cluster = watched.cluster
        tasks = Stack.of(self).format_arn(service="ecs", resource="task", resource_name=f"{cluster.cluster_name}/*")
        statements = [
            # Tasks of a whole cluster are no resource of their own: the condition is what binds.
            iam.PolicyStatement(
                actions=["ecs:ListTasks"],
                resources=["*"],
                conditions={"ArnEquals": {"ecs:cluster": cluster.cluster_arn}},
            ),
            iam.PolicyStatement(actions=["ecs:DescribeTasks"], resources=[tasks]),
            # These two know no resource at all.
            iam.PolicyStatement(actions=["ecs:DescribeTaskDefinition"], resources=["*"]),
        ]
        if watched.load_balancer is not None:
            statements.append(iam.PolicyStatement(actions=["cloudwatch:GetMetricData"], resources=["*"]))
        if self.workspace is not None:
            statements.append(iam.PolicyStatement(actions=["aps:RemoteWrite"], resources=[self.workspace.attr_arn]))
        return statements
