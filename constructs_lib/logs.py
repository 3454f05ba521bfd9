"""Log groups: they end their logs, and are encrypted by the customer key of their stack where it has one."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from constructs_lib.keys import customer_key


def log_group(
    scope: Construct, id_: str, *, retention: logs.RetentionDays, removal_policy: RemovalPolicy
) -> logs.LogGroup:
    """Return a log group; its name is CloudFormation's, by which the key of its stack knows it."""
    return logs.LogGroup(
        scope,
        id_,
        encryption_key=customer_key(scope, id_=f"{id_}Key"),
        retention=retention,
        removal_policy=removal_policy,
    )
