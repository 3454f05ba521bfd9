"""The role of a function: what Lambda itself asks of it, and nothing of what AWS's managed policies add."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

# Lambda puts a function into a VPC with its role. The two that look take no resource; of the others AWS says that
# they have to be allowed on all. https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
_INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
# The key is there whenever the function's own code calls.
_SOURCE = "lambda:SourceFunctionArn"


def function_role(scope: Construct, id_: str, *, log_group: logs.ILogGroup) -> iam.Role:
    """Return the role of a function in a VPC: it writes to its own log group, and Lambda moves its interfaces."""
    return iam.Role(
        scope,
        id_,
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        inline_policies={
            "Logs": iam.PolicyDocument(statements=[writing_logs(log_group)]),
            "Interfaces": iam.PolicyDocument(
                statements=[
                    iam.PolicyStatement(
                        actions=list(_INTERFACES),
                        resources=["*"],
                        # For Lambda alone: the code of the function cannot call them.
                        conditions={"Null": {_SOURCE: "true"}},
                    )
                ]
            ),
        },
    )


def writing_logs(log_group: logs.ILogGroup) -> iam.PolicyStatement:
    """Return the permission to write to one log group, whose ARN covers the streams in it."""
    return iam.PolicyStatement(
        actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log_group.log_group_arn]
    )
