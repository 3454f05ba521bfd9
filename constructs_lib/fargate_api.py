"""An HTTP API: a Fargate service in the private subnets behind an Application Load Balancer in the public ones."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_logs as logs
from constructs import Construct

from config.model import ApiConfig
from constructs_lib.access import Consumer
from constructs_lib.lifecycle import is_protected, removal_policy
from constructs_lib.network import PRIVATE, PUBLIC, egress_security_group
from constructs_lib.project import SERVICES_FOLDER
from constructs_lib.workload import WorkloadOptions

HEALTH_PATH = "/health"
# A target is deregistered for 30 s while its requests end, and has 60 s from SIGTERM to SIGKILL: longer than that.
DEREGISTRATION_DELAY = Duration.seconds(30)
STOP_TIMEOUT = Duration.seconds(60)
# Below the server's keep-alive of 65 s, so that the load balancer never reuses a connection the server has closed.
IDLE_TIMEOUT = Duration.seconds(60)


class FargateApi(Construct):
    """The service, its load balancer and its autoscaling.

    The container is the package `services`; `command` says which of its programs runs.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc: ec2.IVpc,
        config: ApiConfig,
        options: WorkloadOptions,
        command: list[str],
        variables: Mapping[str, str],
    ) -> None:
        super().__init__(scope, id_)
        self.cluster = ecs.Cluster(self, "Cluster", vpc=vpc, container_insights_v2=ecs.ContainerInsights.ENABLED)
        self.service = ecs.FargateService(
            self,
            "Service",
            cluster=self.cluster,
            task_definition=self._task_definition(config, options, command, variables),
            vpc_subnets=PRIVATE,
            assign_public_ip=False,
            security_groups=[egress_security_group(self, vpc=vpc, description="Tasks of the API")],
            # Old tasks go only when new ones are healthy; a version that never gets there is rolled back.
            min_healthy_percent=100,
            max_healthy_percent=200,
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            health_check_grace_period=Duration.seconds(30),
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
            enable_ecs_managed_tags=True,
        )
        self.load_balancer = elbv2.ApplicationLoadBalancer(
            self,
            "LoadBalancer",
            vpc=vpc,
            vpc_subnets=PUBLIC,
            internet_facing=True,
            idle_timeout=IDLE_TIMEOUT,
            drop_invalid_header_fields=True,
            deletion_protection=is_protected(options.lifecycle),
        )
        target_group = self._listener(config).add_targets(
            "Tasks",
            port=config.port,
            protocol=elbv2.ApplicationProtocol.HTTP,
            targets=[self.service],
            deregistration_delay=DEREGISTRATION_DELAY,
            # Liveness of the process: a database that is away must not take all tasks out of service.
            health_check=elbv2.HealthCheck(
                path=HEALTH_PATH,
                interval=Duration.seconds(15),
                timeout=Duration.seconds(5),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
            ),
        )
        self._scale(config, target_group)
        self.consumer = Consumer(role=self.service.task_definition.task_role, network=self.service)
        self.url = f"{'https' if config.certificate_arn else 'http'}://{self.load_balancer.load_balancer_dns_name}"

    def _task_definition(
        self, config: ApiConfig, options: WorkloadOptions, command: list[str], variables: Mapping[str, str]
    ) -> ecs.FargateTaskDefinition:
        task_definition = ecs.FargateTaskDefinition(
            self,
            "Task",
            cpu=config.cpu_units,
            memory_limit_mib=config.memory_mib,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64, operating_system_family=ecs.OperatingSystemFamily.LINUX
            ),
        )
        task_definition.add_container(
            "Api",
            image=ecs.ContainerImage.from_asset(str(SERVICES_FOLDER), platform=ecr_assets.Platform.LINUX_ARM64),
            command=command,
            port_mappings=[ecs.PortMapping(container_port=config.port)],
            environment={**options.variables("api"), **variables, "PORT": str(config.port)},
            stop_timeout=STOP_TIMEOUT,
            logging=ecs.LogDriver.aws_logs(
                stream_prefix="api",
                log_group=logs.LogGroup(
                    self,
                    "Logs",
                    retention=options.log_retention,
                    removal_policy=removal_policy(options.lifecycle),
                ),
            ),
        )
        return task_definition

    def _listener(self, config: ApiConfig) -> elbv2.ApplicationListener:
        if config.certificate_arn is None:
            return self.load_balancer.add_listener("Http", port=80, protocol=elbv2.ApplicationProtocol.HTTP)
        self.load_balancer.add_redirect()
        return self.load_balancer.add_listener(
            "Https",
            port=443,
            protocol=elbv2.ApplicationProtocol.HTTPS,
            certificates=[acm.Certificate.from_certificate_arn(self, "Certificate", config.certificate_arn)],
            # TLS 1.2 and 1.3 only.
            ssl_policy=elbv2.SslPolicy.RECOMMENDED_TLS,
        )

    def _scale(self, config: ApiConfig, target_group: elbv2.ApplicationTargetGroup) -> None:
        tasks = self.service.auto_scale_task_count(min_capacity=config.min_tasks, max_capacity=config.max_tasks)
        tasks.scale_on_cpu_utilization("Cpu", target_utilization_percent=config.cpu_target_percent)
        tasks.scale_on_memory_utilization("Memory", target_utilization_percent=config.memory_target_percent)
        tasks.scale_on_request_count(
            "Requests",
            requests_per_target=config.requests_per_target_per_minute,
            target_group=target_group,
        )
