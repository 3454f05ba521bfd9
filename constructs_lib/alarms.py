"""Alarms, and the encrypted topic they speak to."""

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.model import Lifecycle
from constructs_lib.keys import encryption_key

_RISES_TO = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
_FALLS_TO = cloudwatch.ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD


class AlarmTopic(Construct):
    """The topic all alarms of an environment notify; people subscribe to it."""

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        # CloudWatch cannot use the AWS-managed key of SNS, so an encrypted alarm topic takes a key of its own. It
        # protects messages in flight only, so nothing is lost when it goes.
        key = encryption_key(self, "Key", description="Encrypts the alarm topic", lifecycle=Lifecycle.DESTROY)
        # Any policy replaces the default one, by which CloudWatch may publish: so it is allowed by name.
        alarms_of_this_account = iam.ServicePrincipal(
            "cloudwatch.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
        )
        key.grant(alarms_of_this_account, "kms:Decrypt", "kms:GenerateDataKey")
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        # By hand: the CDK's own grant would let it use the key by wildcards.
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[alarms_of_this_account], actions=["sns:Publish"], resources=[self.topic.topic_arn]
            )
        )


def alarm(
    scope: Construct,
    id_: str,
    *,
    metric: cloudwatch.IMetric,
    threshold: float,
    description: str,
    topic: sns.ITopic,
    evaluation_periods: int = 1,
    below: bool = False,
) -> cloudwatch.Alarm:
    """Return an alarm that notifies the topic when the metric reaches the threshold, and when it is well again.

    It is reached from below, unless `below` says that falling to it is what alarms.

    A metric without data is well: SQS and Lambda report nothing while there is nothing to report.
    """
    made = cloudwatch.Alarm(
        scope,
        id_,
        metric=metric,
        threshold=threshold,
        evaluation_periods=evaluation_periods,
        comparison_operator=_FALLS_TO if below else _RISES_TO,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        alarm_description=description,
    )
    action = actions.SnsAction(topic)
    made.add_alarm_action(action)
    made.add_ok_action(action)
    return made
