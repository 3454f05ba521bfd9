"""The role of a schedule: it may call the one function that the schedule is for."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct


def schedule_role(scope: Construct, id_: str, *, function: lambda_.IFunction) -> iam.IRole:
    """Return the role of a schedule of the default group; the CDK's own opens all versions of the function as well."""
    stack = Stack.of(scope)
    group = stack.format_arn(service="scheduler", resource="schedule-group", resource_name="default")
    role = iam.Role(
        scope,
        id_,
        assumed_by=iam.ServicePrincipal(
            "scheduler.amazonaws.com",
            # Nobody else's schedule calls by way of it.
            # https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
            conditions={"StringEquals": {"aws:SourceAccount": stack.account, "aws:SourceArn": group}},
        ),
        inline_policies={
            "Invoke": iam.PolicyDocument(
                statements=[iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn])]
            )
        },
    )
    return role.without_policy_updates()
