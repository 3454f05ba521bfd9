"""A network, services and what watches them, as small as they can be."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aws_cdk as cdk
from aws_cdk import assertions
from aws_cdk import aws_sns as sns

from config.load import load
from config.model import ChannelsConfig, FixedResponse, LoadBalancerConfig, MonitoringConfig, Route, ServiceConfig
from constructs_lib.access import Resources
from constructs_lib.providers import LOCAL
from constructs_lib.workload import workload_options
from stacks.alarms import AlarmsStack
from stacks.api import ApiProps, ApiStack
from stacks.compose import new_app
from stacks.monitoring import MonitoringProps, MonitoringStack
from stacks.network import NetworkStack
from tests.support.synth import cdk_context

BASE = load("webapp", "dev")
WORKLOAD = workload_options(BASE, LOCAL)
BALANCED = LoadBalancerConfig(fixed_response=FixedResponse(status=404))


def service(**changes: Any) -> ServiceConfig:
    given = {"program": "web", "cpu_units": 256, "memory_mib": 512, "min_tasks": 1, "max_tasks": 1}
    return ServiceConfig.model_validate(given | changes)


SERVICES: Mapping[str, ServiceConfig] = {
    "web": service(port=3001, route=Route(paths=("/web*",))),
    "order-mailer": service(port=3002),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Composition:
    """Templates by the id of their stack, and the Api stack itself."""

    templates: Mapping[str, assertions.Template]
    api: ApiStack

    def found(self, stack: str, resource_type: str) -> list[dict[str, Any]]:
        return [one["Properties"] for one in self.templates[stack].find_resources(resource_type).values()]

    def only(self, stack: str, resource_type: str) -> dict[str, Any]:
        (properties,) = self.found(stack, resource_type)
        return properties

    def outputs(self, stack: str) -> set[str]:
        """Names of the outputs for people."""
        return {name for name in self.templates[stack].find_outputs("*") if not name.startswith("PublishOutput")}

    def text(self, stack: str) -> str:
        return json.dumps(self.templates[stack].to_json())


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What the composition is made from."""

    services: Mapping[str, ServiceConfig] = field(default_factory=lambda: SERVICES)
    load_balancer: LoadBalancerConfig | None = BALANCED
    channels: ChannelsConfig | None = None
    monitoring: MonitoringConfig = field(default_factory=MonitoringConfig)
    alarms: bool = True


def composed(given: Given = Given()) -> Composition:
    app = new_app(cdk_context())
    network = NetworkStack(
        app, "Network", config=BASE.network, log_retention=WORKLOAD.log_retention, lifecycle=BASE.lifecycle
    )
    topic: sns.ITopic | None = AlarmsStack(app, "Alarms").topic if given.alarms else None
    api = ApiStack(
        app,
        "Api",
        props=ApiProps(
            vpc=network.vpc,
            resources=Resources(),
            databases_with_keys=(),
            services=given.services,
            load_balancer=given.load_balancer,
            channels=given.channels,
            alarm_topic=topic,
            container_insights=given.monitoring.container_insights,
            workload=WORKLOAD,
        ),
    )
    MonitoringStack(
        app,
        "Monitoring",
        props=MonitoringProps(
            config=given.monitoring,
            sections={"Services": api.graphs, "Empty": ()},
            watched=api.watched,
            workload=WORKLOAD,
        ),
    )
    stacks = [stack for stack in app.node.children if isinstance(stack, cdk.Stack)]
    return Composition(templates={stack.node.id: assertions.Template.from_stack(stack) for stack in stacks}, api=api)
