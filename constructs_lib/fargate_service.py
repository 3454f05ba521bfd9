"""A Fargate service: one program of the package `services`, in the private subnets."""

from collections.abc import Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from constructs import Construct

from config.model import ServiceConfig, WorkingHours
from constructs_lib.access import Access, Consumer
from constructs_lib.authentication import authentication_variables
from constructs_lib.graphs import Graph
from constructs_lib.lifecycle import removal_policy
from constructs_lib.load_balancer import LoadBalancer
from constructs_lib.logs import log_group
from constructs_lib.names import pascal_case
from constructs_lib.network import PRIVATE, egress_security_group
from constructs_lib.project import SERVICES_FOLDER
from constructs_lib.working_hours import scale_by_hours
from constructs_lib.workload import WorkloadOptions

# Asks the process for its health from inside the container, where there may be no load balancer to ask.
_HEALTH_COMMAND = ["CMD", "python", "-m", "services.healthcheck"]
_ARCHITECTURE = ecr_assets.Platform.LINUX_ARM64
# The user of both Dockerfiles; said here as well, so that an image of another make does not run as root.
_USER = "10001"
# What `writable` paths are called among a task's volumes.
_VOLUME = "Writable{number}"


def services_image(scope: Construct, id_: str, *, dockerfile: str = "Dockerfile") -> ecs.ContainerImage:
    """Return the image of the package `services`: built once, whichever of its programs containers run."""
    asset = ecr_assets.DockerImageAsset(
        scope, id_, directory=str(SERVICES_FOLDER), file=dockerfile, platform=_ARCHITECTURE
    )
    return ecs.ContainerImage.from_docker_image_asset(asset)


class FargateService(Construct):
    """The service with its autoscaling, and a role, a security group and a log group of its own.

    From `access` follow variables, permissions and network path. With a route in its configuration it stands behind
    `load_balancer`; without one, nothing reaches it but what makes a rule for itself, and, with `sessions`, people by
    Session Manager.

    The container runs as no root, without a capability of Linux, and may write nowhere but to `writable`: paths that
    its Dockerfile declares by VOLUME, whose owner and mode there Fargate takes over. With `sessions` it may write
    anywhere that its user may: the agent of Session Manager needs that.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        cluster: ecs.ICluster,
        image: ecs.ContainerImage,
        config: ServiceConfig,
        access: Access,
        options: WorkloadOptions,
        load_balancer: LoadBalancer | None = None,
        variables: dict[str, str] | None = None,
        writable: Sequence[str] = (),
        sessions: bool = False,
    ) -> None:
        super().__init__(scope, id_)
        self.name = name
        self.port = config.port
        self.security_group = egress_security_group(
            self,
            vpc=cluster.vpc,
            description=f"Tasks of {name}",
            inside=options.inside,
            ports=access.egress_ports,
            leaves=access.leaves,
        )
        task_definition = ecs.FargateTaskDefinition(
            self,
            "Task",
            # The CDK's own name is the same in every environment, whose revisions would then be numbered as one.
            family=f"{Stack.of(self).stack_name}-{name}",
            cpu=config.cpu_units,
            memory_limit_mib=config.memory_mib,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64, operating_system_family=ecs.OperatingSystemFamily.LINUX
            ),
        )
        environment = {
            **options.variables(name),
            **access.variables,
            **({"DATABASE_POOL_SIZE": str(config.database_pool_size)} if config.uses.database else {}),
            **authentication_variables(config),
            **(variables or {}),
            "AWS_REGION": Stack.of(self).region,
            "PORT": str(config.port),
            "KEEP_ALIVE_SECONDS": str(config.keep_alive_seconds),
            "DRAIN_SECONDS": str(config.drain_seconds),
        }
        container = task_definition.add_container(
            pascal_case(name),
            image=image,
            user=_USER,
            readonly_root_filesystem=not sessions,
            linux_parameters=self._linux(),
            command=["python", "-m", f"services.{config.program}", *config.arguments],
            port_mappings=[ecs.PortMapping(container_port=config.port)],
            environment=environment,
            health_check=ecs.HealthCheck(
                command=_HEALTH_COMMAND,
                interval=Duration.seconds(30),
                timeout=Duration.seconds(10),
                retries=3,
                start_period=Duration.seconds(60),
            ),
            stop_timeout=Duration.seconds(config.stop_timeout_seconds),
            logging=ecs.LogDriver.aws_logs(
                stream_prefix=name,
                log_group=log_group(
                    self, "Logs", retention=options.log_retention, removal_policy=removal_policy(options.lifecycle)
                ),
            ),
        )
        for number, path in enumerate(writable, start=1):
            volume = _VOLUME.format(number=number)
            task_definition.add_volume(name=volume)
            container.add_mount_points(ecs.MountPoint(container_path=path, source_volume=volume, read_only=False))
        behind_load_balancer = load_balancer is not None and config.route is not None
        scales = config.max_tasks > config.min_tasks or config.night_tasks is not None
        self.service = ecs.FargateService(
            self,
            "Service",
            cluster=cluster,
            task_definition=task_definition,
            vpc_subnets=PRIVATE,
            assign_public_ip=False,
            security_groups=[self.security_group],
            # Where tasks scale, a number in the template would undo the scaling with every deployment.
            desired_count=None if scales else config.min_tasks,
            # Old tasks go only when new ones are healthy. Of a singleton the old one goes first, and nothing, a
            # rebalancing of zones either, starts a second one.
            min_healthy_percent=0 if config.singleton else 100,
            max_healthy_percent=100 if config.singleton else 200,
            availability_zone_rebalancing=(
                ecs.AvailabilityZoneRebalancing.DISABLED
                if config.singleton
                else ecs.AvailabilityZoneRebalancing.ENABLED
            ),
            # A version that never becomes healthy is rolled back.
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            # Allowed behind a load balancer only.
            health_check_grace_period=Duration.seconds(30) if behind_load_balancer else None,
            enable_execute_command=sessions,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
            enable_ecs_managed_tags=True,
        )
        # A task that starts before its rules pulls its image in vain, and counts as failed.
        self.service.node.add_dependency(self.security_group)
        self.consumer = Consumer(role=task_definition.task_role, network=self.service)
        target_group = None
        if load_balancer is not None and config.route is not None:
            target_group = load_balancer.add_service(
                id_, name=name, service=self.service, port=config.port, route=config.route
            )
        if scales:
            self._scale(config, options.working_hours, target_group)
        access.allow(self.consumer)

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """How much of their size the tasks use."""
        period = Duration.minutes(1)
        metrics: tuple[cloudwatch.IMetric, ...] = (
            self.service.metric_cpu_utilization(period=period, label="CPU"),
            self.service.metric_memory_utilization(period=period, label="Memory"),
        )
        return (Graph(title=f"Service {self.name}: CPU and memory (%)", metrics=metrics),)

    def _linux(self) -> ecs.LinuxParameters:
        # Init reaps what a child leaves behind, and hands on signals.
        made = ecs.LinuxParameters(self, "Linux", init_process_enabled=True)
        made.drop_capabilities(ecs.Capability.ALL)
        return made

    def _scale(
        self, config: ServiceConfig, hours: WorkingHours | None, target_group: elbv2.ApplicationTargetGroup | None
    ) -> None:
        tasks = self.service.auto_scale_task_count(min_capacity=config.min_tasks, max_capacity=config.max_tasks)
        if hours is not None and config.night_tasks is not None:
            scale_by_hours(tasks, hours, config)
        if config.max_tasks == config.min_tasks:
            return
        tasks.scale_on_cpu_utilization("Cpu", target_utilization_percent=config.cpu_target_percent)
        tasks.scale_on_memory_utilization("Memory", target_utilization_percent=config.memory_target_percent)
        if target_group is not None:
            tasks.scale_on_request_count(
                "Requests",
                requests_per_target=config.requests_per_target_per_minute,
                target_group=target_group,
            )
