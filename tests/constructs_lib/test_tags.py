"""Decisions of tagging."""

from typing import Any

import pytest
from aws_cdk import assertions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm

from constructs_lib.network import Network
from constructs_lib.tags import tag_everything
from stacks.base import GroundworkStack
from stacks.compose import new_app
from tests.support.given import config
from tests.support.synth import cdk_context

CONFIG = config().model_copy(update={"tags": {"data-class": "internal"}})
EXPECTED = {
    "system": "notifications",
    "environment": "dev",
    "owner": CONFIG.owner,
    "cost-center": CONFIG.cost_center,
    "data-class": "internal",
}


@pytest.fixture(scope="module")
def template() -> assertions.Template:
    app = new_app(cdk_context())
    stack = GroundworkStack(app, "Test")
    Network(stack, "Network", config=CONFIG.network, log_retention=logs.RetentionDays.ONE_MONTH)
    sqs.Queue(stack, "Queue")
    ssm.StringParameter(stack, "Parameter", string_value="value")
    tag_everything(app, CONFIG)
    return assertions.Template.from_stack(stack)


def tags(template: assertions.Template, resource_type: str) -> list[dict[str, str]]:
    """Tags of every resource of a type, which CloudFormation writes as a list or as a map."""
    found: list[Any] = [one["Properties"]["Tags"] for one in template.find_resources(resource_type).values()]
    return [one if isinstance(one, dict) else {tag["Key"]: tag["Value"] for tag in one} for one in found]


@pytest.mark.parametrize("resource_type", ["AWS::SQS::Queue", "AWS::EC2::VPC", "AWS::SSM::Parameter"])
def test_resources_carry_the_systems_tags_and_configs_own(template: assertions.Template, resource_type: str) -> None:
    """Costs and owners are found by tags; what has none is nobody's."""
    (made,) = tags(template, resource_type)
    assert EXPECTED.items() <= made.items()


@pytest.mark.parametrize("resource_type", ["AWS::Lambda::Function", "AWS::IAM::Role"])
def test_helpers_of_the_cdk_carry_them_too(template: assertions.Template, resource_type: str) -> None:
    """They are written as plain resources, which the CDK's own tagging passes by."""
    found = tags(template, resource_type)
    assert found
    for made in found:
        assert made.items() >= EXPECTED.items()
