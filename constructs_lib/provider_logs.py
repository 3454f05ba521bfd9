"""Log groups for the functions that the CDK brings along for custom resources of its own."""

from aws_cdk import CfnResource, RemovalPolicy, Stack
from aws_cdk import aws_logs as logs
from constructs import Construct


def end_provider_logs(scope: Construct, id_: str, *, provider: str, retention: logs.RetentionDays) -> None:
    """Give the function of a custom resource provider a log group: Lambda's own would keep logs for ever.

    Raises:
        TypeError: the CDK makes the function in another way than it did.
    """
    handler = Stack.of(scope).node.find_child(provider).node.find_child("Handler")
    if not isinstance(handler, CfnResource):
        message = f"{handler.node.path} is no plain resource any more: give its function a log group in another way"
        raise TypeError(message)
    group = logs.LogGroup(scope, id_, retention=retention, removal_policy=RemovalPolicy.DESTROY)
    handler.add_property_override("LoggingConfig.LogGroup", group.log_group_name)
