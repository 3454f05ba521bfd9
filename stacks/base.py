"""What all stacks share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypedDict, Unpack

import aws_cdk as cdk
from constructs import Construct

from config.model import Lifecycle
from constructs_lib.keys import give_keys

# The most that a system may use; a region or an account with fewer zones takes a config with fewer.
MAX_ZONES = 3
# Methods of a stack that note that it is deployed after another one.
_NOTING = ("add_dependency", "add_stack_dependency")


class CdkOptions(TypedDict, total=False):
    """The options of `cdk.Stack` that `build_app` gives to every stack."""

    env: cdk.Environment
    stack_name: str
    description: str
    termination_protection: bool
    synthesizer: cdk.IStackSynthesizer
    permissions_boundary: cdk.PermissionsBoundary


class StackOptions(CdkOptions, total=False):
    """The options that `build_app` gives to every stack."""

    customer_keys: Lifecycle | None


class GroundworkStack(cdk.Stack):
    """A stack that needs no look-ups to synthesize, with outputs that people can read."""

    def __init__(
        self, scope: Construct, id_: str, *, customer_keys: Lifecycle | None = None, **options: Unpack[CdkOptions]
    ) -> None:
        """Make an empty stack; with `customer_keys`, one that encrypts what it holds by a key of that lifecycle."""
        super().__init__(scope, id_, **options)
        give_keys(self, customer_keys)

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


@contextmanager
def without_dependencies() -> Iterator[None]:
    """Let the stacks that are made meanwhile not wait for each other.

    The CDK ends at the first circle of stacks, before there is a template in which one could see what makes it. Stacks
    made here are synthesized whatever they refer to: to be looked at, not to be deployed.
    """

    def ignore(_stack: cdk.Stack, _target: cdk.Stack, _reason: str | None = None) -> None:
        pass

    # The CDK calls a stack's own method wherever it notes a dependency, if a class of ours has one of that name.
    for name in _NOTING:
        setattr(GroundworkStack, name, ignore)
    try:
        yield
    finally:
        for name in _NOTING:
            delattr(GroundworkStack, name)
