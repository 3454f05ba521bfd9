"""The Alarms stack."""

from typing import Unpack

from aws_cdk import aws_sns as sns
from constructs import Construct

from constructs_lib.alarms import AlarmTopic
from stacks.base import GroundworkStack, StackOptions


class AlarmsStack(GroundworkStack):
    """The topic that every alarm of the system notifies.

    A stack of its own, below all others: alarms stand beside the resources they watch, so the topic must be there
    before any of them, and it must not know who uses it.
    """

    def __init__(self, scope: Construct, id_: str, **options: Unpack[StackOptions]) -> None:
        super().__init__(scope, id_, **options)
        self.topic: sns.ITopic = AlarmTopic(self, "Alarms").topic
        self.output("AlarmTopicArn", self.topic.topic_arn, "Subscribe to it to be told of alarms")
