"""Building blocks for tests of single constructs."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
from aws_cdk import assertions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.load import load
from config.model import SystemConfig
from constructs_lib.providers import LOCAL
from constructs_lib.workload import WorkloadOptions, workload_options
from stacks.base import GroundworkStack
from stacks.compose import new_app
from tests.support.synth import CERTIFICATE_ARN, cdk_context


def config(environment: str = "dev", **changes: dict[str, Any]) -> SystemConfig:
    """Configuration of an environment, some fields of some sections changed."""
    it = load("notifications", environment, {"certificate_arn": CERTIFICATE_ARN} if environment == "prod" else {})
    sections = {name: getattr(it, name).model_copy(update=fields) for name, fields in changes.items()}
    return it.model_copy(update=sections)


def template_of(build: Callable[[cdk.Stack], object]) -> assertions.Template:
    """Template of a stack with what `build` adds to it."""
    stack = GroundworkStack(new_app(cdk_context()), "Test")
    build(stack)
    return assertions.Template.from_stack(stack)


def found(template: assertions.Template, resource_type: str) -> list[dict[str, Any]]:
    """The properties of all resources of a type."""
    return [one["Properties"] for one in template.find_resources(resource_type).values()]


def vpc(scope: Construct) -> ec2.Vpc:
    return ec2.Vpc(
        scope,
        "Vpc",
        restrict_default_security_group=False,
        subnet_configuration=[
            ec2.SubnetConfiguration(name="Public", subnet_type=ec2.SubnetType.PUBLIC),
            ec2.SubnetConfiguration(name="Private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            ec2.SubnetConfiguration(name="Isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        ],
    )


def topic(scope: Construct) -> sns.ITopic:
    return sns.Topic(scope, "Topic")


def options(it: SystemConfig) -> WorkloadOptions:
    return workload_options(it, LOCAL)
