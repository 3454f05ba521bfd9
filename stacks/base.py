"""What all stacks share."""

from typing import TypedDict, Unpack

import aws_cdk as cdk
from constructs import Construct

# The most that a system may use; a region or an account with fewer zones takes a config with fewer.
MAX_ZONES = 3


class StackOptions(TypedDict, total=False):
    """The options of `cdk.Stack` that `build_app` gives to every stack."""

    env: cdk.Environment
    stack_name: str
    description: str
    termination_protection: bool


class GroundworkStack(cdk.Stack):
    """A stack that needs no look-ups to synthesize, with outputs that people can read."""

    def __init__(self, scope: Construct, id_: str, **options: Unpack[StackOptions]) -> None:
        super().__init__(scope, id_, **options)

    @property
    def availability_zones(self) -> list[str]:
        """The zones of whatever account and region the stack is deployed to, by position.

        The CDK would look them up while it synthesizes, with credentials, and write them into `cdk.context.json`.
        """
        zones = cdk.Fn.get_azs()
        return [cdk.Fn.select(position, zones) for position in range(MAX_ZONES)]

    def output(self, name: str, value: str, description: str) -> None:
        """Add an output for people; other stacks take resources through props instead."""
        cdk.CfnOutput(self, f"{name}Output", value=value, description=description).override_logical_id(name)
