"""References from a lower stack up to an upper one, each made as someone would make it."""

from collections.abc import Callable

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_notifications as s3_notifications
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

Reverse = Callable[[cdk.Stack, cdk.Stack], None]


def vpc(scope: cdk.Stack) -> ec2.IVpc:
    return ec2.Vpc.from_vpc_attributes(scope, "Vpc", vpc_id="vpc-1", availability_zones=["eu-central-1a"])


def add_rule(lower: cdk.Stack, upper: cdk.Stack) -> None:
    server, consumer = (ec2.SecurityGroup(place, "Group", vpc=vpc(place)) for place in (lower, upper))
    server.add_ingress_rule(consumer, ec2.Port.tcp(5432))


def admit_role(lower: cdk.Stack, upper: cdk.Stack) -> None:
    role = iam.Role(upper, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    queue = sqs.Queue(lower, "Queue")
    statement = iam.PolicyStatement(
        actions=["sqs:SendMessage"], principals=[iam.ArnPrincipal(role.role_arn)], resources=[queue.queue_arn]
    )
    queue.add_to_resource_policy(statement)


def admit_to_key(lower: cdk.Stack, upper: cdk.Stack) -> None:
    role = iam.Role(upper, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    statement = iam.PolicyStatement(
        actions=["kms:Decrypt"], principals=[iam.ArnPrincipal(role.role_arn)], resources=["*"]
    )
    kms.Key(lower, "Key").add_to_resource_policy(statement)


def grant_to_lower_role(lower: cdk.Stack, upper: cdk.Stack) -> None:
    role = iam.Role(lower, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    sqs.Queue(upper, "Queue").grant_send_messages(role)


def notify(lower: cdk.Stack, upper: cdk.Stack) -> None:
    topic = sns.Topic.from_topic_arn(lower, "Topic", sns.Topic(upper, "Topic").topic_arn)
    s3.Bucket(lower, "Bucket").add_event_notification(
        s3.EventType.OBJECT_CREATED, s3_notifications.SnsDestination(topic)
    )


def subscribe(lower: cdk.Stack, upper: cdk.Stack) -> None:
    queue = sqs.Queue(upper, "Queue")
    sns.Subscription(
        lower, "Subscription", topic=sns.Topic(lower, "Topic"), protocol=sns.SubscriptionProtocol.SQS,
        endpoint=queue.queue_arn,
    )  # fmt: skip


def alarm(lower: cdk.Stack, upper: cdk.Stack) -> None:
    metric = sqs.Queue(lower, "Queue").metric_approximate_number_of_messages_visible()
    made = cloudwatch.Alarm(lower, "Alarm", metric=metric, threshold=1, evaluation_periods=1)
    made.add_alarm_action(cloudwatch_actions.SnsAction(sns.Topic(upper, "Topic")))


def feed(lower: cdk.Stack, upper: cdk.Stack) -> None:
    function = lambda_.Function(
        upper, "Function", runtime=lambda_.Runtime.PYTHON_3_13, handler="a.b", code=lambda_.Code.from_inline("b = 1")
    )
    lambda_.CfnEventSourceMapping(
        lower, "Source", function_name=function.function_arn, event_source_arn=sqs.Queue(lower, "Queue").queue_arn
    )


def endpoint(lower: cdk.Stack, upper: cdk.Stack) -> None:
    group = ec2.SecurityGroup(upper, "Group", vpc=vpc(upper))
    ec2.CfnVPCEndpoint(
        lower, "Endpoint", service_name="com.amazonaws.eu-central-1.sqs", vpc_id="vpc-1",
        security_group_ids=[group.security_group_id],
    )  # fmt: skip


def tell(lower: cdk.Stack, upper: cdk.Stack) -> None:
    cdk.CfnOutput(lower, "Told", value=sns.Topic(upper, "Topic").topic_arn)
