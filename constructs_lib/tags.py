"""The tags every resource carries."""

from aws_cdk import Tags
from constructs import IConstruct

from config.model import SystemConfig


def tag_everything(scope: IConstruct, config: SystemConfig) -> None:
    """Tag all taggable resources below a construct: system, environment, owner, cost center, and config's own tags."""
    own = {
        "system": config.system,
        "environment": config.environment,
        "owner": config.owner,
        "cost-center": config.cost_center,
    }
    for name, value in {**config.tags, **own}.items():
        Tags.of(scope).add(name, value)
