"""The Queue stack."""

from dataclasses import dataclass
from typing import Unpack

from aws_cdk import aws_sns as sns
from constructs import Construct

from config.model import Lifecycle, QueueConfig
from constructs_lib.access import Queue
from constructs_lib.graphs import Graph
from constructs_lib.queue_with_dlq import QueueWithDlq
from stacks.base import GroundworkStack, StackOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueProps:
    """What the Queue stack is made from."""

    config: QueueConfig
    """Retention, receives and alarm thresholds."""
    visibility_timeout_seconds: int
    """How long a received message stays hidden; derived from the consumer's timeout."""
    oldest_message_alarm_seconds: int
    """Age of a waiting message that raises the alarm."""
    lifecycle: Lifecycle
    """What becomes of the queues when the stack is deleted."""
    alarm_topic: sns.ITopic | None
    """Where alarms go; None makes none."""


class QueueStack(GroundworkStack):
    """The queue between API and worker, and its dead-letter queue.

    A stack of its own because messages outlive the code on both sides. It needs nothing of the VPC, so it deploys
    beside Network.
    """

    def __init__(self, scope: Construct, id_: str, *, props: QueueProps, **options: Unpack[StackOptions]) -> None:
        super().__init__(scope, id_, **options)
        queues = QueueWithDlq(
            self,
            "Notifications",
            config=props.config,
            visibility_timeout_seconds=props.visibility_timeout_seconds,
            oldest_message_alarm_seconds=props.oldest_message_alarm_seconds,
            alarm_topic=props.alarm_topic,
            lifecycle=props.lifecycle,
        )
        self.queue = Queue(queue=queues.queue, dlq=queues.dlq, max_receive_count=props.config.max_receive_count)
        self.graphs: tuple[Graph, ...] = queues.graphs
        self.output("QueueUrl", queues.queue.queue_url, "Where notifications wait for delivery")
        self.output("DeadLetterQueueUrl", queues.dlq.queue_url, "Where messages end that cannot be delivered")
