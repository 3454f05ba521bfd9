"""A service on Fargate, and what its template says."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import assertions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager

from config.model import Lifecycle, LoadBalancerConfig, ServiceConfig, Uses, WorkingHours
from constructs_lib.access import Access, Cache, Database, Resources
from constructs_lib.channels import Channels
from constructs_lib.fargate_service import FargateService, services_image
from constructs_lib.load_balancer import LoadBalancer
from constructs_lib.providers import LOCAL
from tests.support.given import config, found, options, template_of, vpc

USES_DATA = Uses(database="orders", cache=True)


def service(*names: str, **changes: Any) -> ServiceConfig:
    given = {
        "program": "shop",
        "arguments": names,
        "port": 3003,
        "cpu_units": 256,
        "memory_mib": 512,
        "min_tasks": 1,
        "max_tasks": 3,
        "database_pool_size": 5,
    }
    return ServiceConfig.model_validate(given | changes)


def resources(stack: cdk.Stack, network: ec2.IVpc) -> Resources:
    """A database and a cache, as far as a consumer sees them."""
    secret = secretsmanager.Secret(stack, "Secret")
    groups = [ec2.SecurityGroup(stack, name, vpc=network, allow_all_outbound=False) for name in ("Data", "CacheGroup")]
    database = Database(
        network=groups[0],
        host="database.internal",
        endpoint_port="5432",
        port=5432,
        master_secret=secretsmanager.Secret(stack, "MasterSecret"),
        name="orderservice",
        schema="shop_order",
        arn="arn:aws:rds:eu-central-1:123456789012:db:orders",
        users={"order": secret},
    )
    cache = Cache(network=groups[1], host="cache.internal", endpoint_port="6379", port=6379, secret=secret)
    return Resources(databases={"orders": database}, cache=cache)


def running(it: ServiceConfig, hours: WorkingHours | None = None, **changes: Any) -> assertions.Template:
    """The service `order` on a cluster, behind a load balancer if it has a route."""

    def build(stack: cdk.Stack) -> None:
        system = config()
        assert system.channels is not None
        network = vpc(stack)
        FargateService(
            stack,
            "Order",
            name="order",
            cluster=ecs.Cluster(stack, "Cluster", vpc=network),
            image=services_image(stack, "Image"),
            config=it,
            access=Access(
                it.uses,
                resources(stack, network),
                LOCAL,
                Channels(stack, "Channels", config=system.channels, used=it.uses.channels, lifecycle=system.lifecycle),
                user="order",
            ),
            options=options(system.model_copy(update={"working_hours": hours})),
            load_balancer=load_balancer(stack, network) if it.route else None,
            **changes,
        )

    return template_of(build)


def load_balancer(stack: cdk.Stack, network: ec2.IVpc) -> LoadBalancer:
    return LoadBalancer(
        stack,
        "LoadBalancer",
        vpc=network,
        config=LoadBalancerConfig(),
        lifecycle=Lifecycle.DESTROY,
        log_retention=logs.RetentionDays.ONE_MONTH,
        alarm_topic=None,
    )


def only(template: assertions.Template, resource_type: str) -> dict[str, Any]:
    (properties,) = found(template, resource_type)
    return properties


def container(template: assertions.Template) -> dict[str, Any]:
    (definition,) = only(template, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    it: dict[str, Any] = definition
    return it


def variables(template: assertions.Template) -> dict[str, Any]:
    return {entry["Name"]: entry["Value"] for entry in container(template)["Environment"]}


def own_group(template: assertions.Template) -> str:
    (name,) = (
        name
        for name, group in template.find_resources("AWS::EC2::SecurityGroup").items()
        if group["Properties"]["GroupDescription"] == "Tasks of order"
    )
    return name
