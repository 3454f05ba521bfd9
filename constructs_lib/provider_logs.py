"""Log groups for the functions that the CDK brings along for custom resources of its own."""

from aws_cdk import CfnResource, CustomResourceProviderBase, RemovalPolicy, Stack
from aws_cdk import aws_logs as logs
from constructs import Construct

from constructs_lib.function_role import writing_logs
from constructs_lib.logs import log_group


def end_provider_logs(scope: Construct, id_: str, *, provider: str, retention: logs.RetentionDays) -> None:
    """Give the function of a custom resource provider a log group, and its role no other to write to.

    Lambda's own would keep logs for ever, and AWS's managed policy opens those of all functions.

    Raises:
        TypeError: the CDK makes the function in another way than it did.
    """
    made = Stack.of(scope).node.find_child(provider)
    handler, role = made.node.find_child("Handler"), made.node.find_child("Role")
    if not (
        isinstance(made, CustomResourceProviderBase)
        and isinstance(handler, CfnResource)
        and isinstance(role, CfnResource)
    ):
        message = f"{made.node.path} is not made of plain resources any more: give its function a log group otherwise"
        raise TypeError(message)
    group = log_group(scope, id_, retention=retention, removal_policy=RemovalPolicy.DESTROY)
    handler.add_property_override("LoggingConfig.LogGroup", group.log_group_name)
    made.add_to_role_policy(writing_logs(group).to_statement_json())
    role.add_property_deletion_override("ManagedPolicyArns")
