"""A function that works off a queue in batches, and the alarms on it."""

from aws_cdk import Duration, Names
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.model import WorkerConfig
from constructs_lib.access import Access, Queue, allow_sending
from constructs_lib.alarms import alarm
from constructs_lib.functions import RuntimeFunction
from constructs_lib.graphs import Graph
from constructs_lib.keys import allow_decryption
from constructs_lib.workload import WorkloadOptions


class QueueWorker(RuntimeFunction):
    """A `RuntimeFunction` fed by a queue; failed messages of a batch return to it one by one."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        handler_folder: str,
        description: str,
        vpc: ec2.IVpc,
        queue: Queue,
        config: WorkerConfig,
        options: WorkloadOptions,
        access: Access,
        alarm_topic: sns.ITopic | None,
    ) -> None:
        super().__init__(
            scope,
            id_,
            handler_folder=handler_folder,
            description=description,
            vpc=vpc,
            options=options,
            memory_mib=config.memory_mib,
            timeout_seconds=config.timeout_seconds,
            reserved_concurrency=config.reserved_concurrency,
            access=access,
            variables={
                "DLQ_URL": queue.dlq.queue_url,
                "MAX_RECEIVE_COUNT": str(queue.max_receive_count),
                "LONGEST_DELAY_SECONDS": str(config.longest_delay_seconds),
                "OTHER_PRODUCERS": str(config.other_producers).lower(),
            },
        )
        self._allow_polling(queue)
        self.function.add_event_source_mapping(
            # As the CDK's own event source calls it: under another name it would be a second mapping of the same queue
            # and function, which Lambda refuses.
            f"SqsEventSource:{Names.node_unique_id(queue.queue.node)}",
            event_source_arn=queue.queue.queue_arn,
            batch_size=config.batch_size,
            max_batching_window=_window(config.batch_window_seconds),
            report_batch_item_failures=True,
            # Without a maximum, the poller receives more than reserved concurrency lets run: throttled messages
            # use up their receives and end in the DLQ untried.
            max_concurrency=config.max_concurrency or config.reserved_concurrency,
        )
        # What can never be delivered is parked there at once, with its reason.
        allow_sending(self.function, queue.dlq)
        minute = Duration.minutes(1)
        self._errors = self.function.metric_errors(period=minute)
        self._duration = self.function.metric_duration(period=minute, statistic="Maximum")
        self._throttles = self.function.metric_throttles(period=minute)
        if alarm_topic is not None:
            self._add_alarms(config, alarm_topic)

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """How long it runs, how often it fails, and whether it is held back."""
        return (
            Graph(title="Worker: duration (ms)", metrics=(self._duration,)),
            Graph(title="Worker: errors", metrics=(self._errors,)),
            Graph(title="Worker: throttles", metrics=(self._throttles,)),
        )

    def _allow_polling(self, queue: Queue) -> None:
        """Let Lambda poll the queue with the function's role, and the function put off what is tried again later.

        https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html names what polling takes.
        """
        self.function.add_to_role_policy(
            iam.PolicyStatement(
                actions=[
                    "sqs:ReceiveMessage",
                    "sqs:DeleteMessage",
                    "sqs:GetQueueAttributes",
                    "sqs:ChangeMessageVisibility",
                ],
                resources=[queue.queue.queue_arn],
            )
        )
        allow_decryption(self.function, queue.queue.encryption_master_key, "sqs")

    def _add_alarms(self, config: WorkerConfig, topic: sns.ITopic) -> None:
        alarm(
            self,
            "ErrorsAlarm",
            metric=self._errors,
            threshold=1,
            description="The worker ended with an error, so that a whole batch returned to the queue",
            topic=topic,
        )
        alarm(
            self,
            "DurationAlarm",
            metric=self._duration,
            # Milliseconds: from four fifths of its timeout on, one slow recipient more kills the invocation.
            threshold=config.timeout_seconds * 1000 * 0.8,
            description="The worker comes close to its timeout",
            topic=topic,
        )
        alarm(
            self,
            "ThrottlesAlarm",
            metric=self._throttles,
            threshold=1,
            description="The worker is throttled: its concurrency is used up",
            topic=topic,
        )


def _window(seconds: int) -> Duration | None:
    return Duration.seconds(seconds) if seconds else None
