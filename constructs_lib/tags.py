"""The tags every resource carries."""

from collections.abc import Mapping

from aws_cdk import CfnResource, CustomResourceProviderBase, Stack, Tags
from constructs import IConstruct

from config.model import SystemConfig


def tag_everything(scope: IConstruct, config: SystemConfig) -> None:
    """Tag all taggable resources below a construct: system, environment, owner, cost center, and config's own tags.

    Called last: the CDK's helper functions are tagged as they stand.
    """
    tags = {
        **config.tags,
        "system": config.system,
        "environment": config.environment,
        "owner": config.owner,
        "cost-center": config.cost_center,
    }
    for name, value in tags.items():
        Tags.of(scope).add(name, value)
    for stack in scope.node.children:
        if isinstance(stack, Stack):
            _tag_helpers_of_the_cdk(stack, tags)


def _tag_helpers_of_the_cdk(stack: Stack, tags: Mapping[str, str]) -> None:
    """Tag the functions behind the CDK's custom resources, and their roles: as plain resources they know no tags."""
    rendered = [{"Key": name, "Value": tags[name]} for name in sorted(tags)]
    for helper in stack.node.children:
        if isinstance(helper, CustomResourceProviderBase):
            for resource in helper.node.children:
                if isinstance(resource, CfnResource):
                    resource.add_property_override("Tags", rendered)
