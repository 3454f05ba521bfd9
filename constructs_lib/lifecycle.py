"""From the lifecycle in config to the settings that CDK knows."""

from aws_cdk import RemovalPolicy

from config.model import Lifecycle

_DATABASE = {
    Lifecycle.DESTROY: RemovalPolicy.DESTROY,
    Lifecycle.SNAPSHOT: RemovalPolicy.SNAPSHOT,
    Lifecycle.RETAIN: RemovalPolicy.RETAIN,
}


def is_protected(lifecycle: Lifecycle) -> bool:
    """Tell whether deletion is refused until someone lifts the protection."""
    return lifecycle is not Lifecycle.DESTROY


def database_removal_policy(lifecycle: Lifecycle) -> RemovalPolicy:
    """Return the policy of a resource that can take a final snapshot of itself."""
    return _DATABASE[lifecycle]


def removal_policy(lifecycle: Lifecycle) -> RemovalPolicy:
    """Return the policy of a resource with state but without snapshots: a protected one stays."""
    return RemovalPolicy.RETAIN if is_protected(lifecycle) else RemovalPolicy.DESTROY


def named_removal_policy(lifecycle: Lifecycle) -> RemovalPolicy:
    """Return the policy of what has a name that AWS asks for: as `removal_policy`, but it goes when its making fails.

    If it stayed after a first deployment that is rolled back, the next one would be refused: AWS has the name already.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
    """
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if is_protected(lifecycle) else RemovalPolicy.DESTROY
