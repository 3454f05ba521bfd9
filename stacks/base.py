"""What all stacks share."""

from typing import TypedDict, Unpack

import aws_cdk as cdk
from constructs import Construct


class StackOptions(TypedDict, total=False):
    """The options of `cdk.Stack` that `build_app` gives to every stack."""

    env: cdk.Environment
    stack_name: str
    description: str
    termination_protection: bool


class GroundworkStack(cdk.Stack):
    """A stack with outputs that people can read."""

    def __init__(self, scope: Construct, id_: str, **options: Unpack[StackOptions]) -> None:
        super().__init__(scope, id_, **options)

    def output(self, name: str, value: str, description: str) -> None:
        """Add an output for people; other stacks take resources through props instead."""
        cdk.CfnOutput(self, f"{name}Output", value=value, description=description).override_logical_id(name)
