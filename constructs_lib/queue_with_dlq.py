"""An SQS queue with its dead-letter queue, and the alarms that tell when delivery is stuck."""

from aws_cdk import Duration
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from config.model import Lifecycle, QueueConfig
from constructs_lib.alarms import alarm
from constructs_lib.graphs import Graph
from constructs_lib.keys import customer_key
from constructs_lib.lifecycle import removal_policy


class QueueWithDlq(Construct):
    """The queue; what cannot be delivered moves to the DLQ, which keeps it for longer."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: QueueConfig,
        visibility_timeout_seconds: int,
        oldest_message_alarm_seconds: int,
        alarm_topic: sns.ITopic | None,
        lifecycle: Lifecycle,
    ) -> None:
        super().__init__(scope, id_)
        policy = removal_policy(lifecycle)
        # A FIFO queue's name must end in .fifo; CloudFormation sees to that when it makes the name.
        fifo = config.fifo or None
        key = customer_key(self, "sqs")
        encryption = sqs.QueueEncryption.SQS_MANAGED if key is None else sqs.QueueEncryption.KMS
        self.dlq = sqs.Queue(
            self,
            "DeadLetterQueue",
            fifo=fifo,
            encryption=encryption,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=Duration.days(config.dlq_retention_days),
            removal_policy=policy,
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            fifo=fifo,
            encryption=encryption,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=Duration.days(config.retention_days),
            visibility_timeout=Duration.seconds(visibility_timeout_seconds),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dlq, max_receive_count=config.max_receive_count),
            removal_policy=policy,
        )
        minute = Duration.minutes(1)
        self._depth = self.queue.metric_approximate_number_of_messages_visible(period=minute, statistic="Maximum")
        self._age = self.queue.metric_approximate_age_of_oldest_message(period=minute, statistic="Maximum")
        self._dead = self.dlq.metric_approximate_number_of_messages_visible(period=minute, statistic="Maximum")
        if alarm_topic is not None:
            self._add_alarms(config, oldest_message_alarm_seconds, alarm_topic)

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """How much waits, for how long, and what could not be delivered."""
        return (
            Graph(title="Waiting messages", metrics=(self._depth,)),
            Graph(title="Age of the oldest message (s)", metrics=(self._age,)),
            Graph(title="Messages in the dead-letter queue", metrics=(self._dead,)),
        )

    def _add_alarms(self, config: QueueConfig, oldest_message_alarm_seconds: int, topic: sns.ITopic) -> None:
        alarm(
            self,
            "DepthAlarm",
            metric=self._depth,
            threshold=config.depth_alarm_messages,
            evaluation_periods=5,
            description="The queue is backing up: messages arrive faster than they are delivered",
            topic=topic,
        )
        alarm(
            self,
            "OldestMessageAlarm",
            metric=self._age,
            threshold=oldest_message_alarm_seconds,
            description="A message waits for longer than all its retries take: delivery is stuck",
            topic=topic,
        )
        alarm(
            self,
            "DeadLetterAlarm",
            metric=self._dead,
            threshold=1,
            description="The dead-letter queue is not empty: something could not be delivered",
            topic=topic,
        )
