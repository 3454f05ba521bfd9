"""The scheduled function that puts on the queue what stayed in the outbox, and the alarms on it."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sns as sns
from constructs import Construct

from constructs_lib.access import Access
from constructs_lib.alarms import alarm
from constructs_lib.functions import RuntimeFunction
from constructs_lib.graphs import Graph
from constructs_lib.schedule_role import schedule_role
from constructs_lib.workload import WorkloadOptions

# The API publishes at once: a message that waits for as long as this waits for the sweeper.
AGE_ALARM_SECONDS = 60
# The sweeper stops beginning batches 20 s before its end.
_TIMEOUT_SECONDS = 60
_MEMORY_MIB = 512
# One failure may be a failover of the database; several in a row are not.
_ERRORS_IN_A_ROW = 3


class OutboxSweeper(Construct):
    """The function with its schedule. Runs that overlap, or run beside the API, share the work."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc: ec2.IVpc,
        minutes: int,
        access: Access,
        options: WorkloadOptions,
        alarm_topic: sns.ITopic | None,
    ) -> None:
        super().__init__(scope, id_)
        folder = "sweeper"
        self.function = RuntimeFunction(
            self,
            "Sweeper",
            handler_folder=folder,
            description="Queues the notifications that stayed in the outbox",
            vpc=vpc,
            options=options,
            memory_mib=_MEMORY_MIB,
            timeout_seconds=_TIMEOUT_SECONDS,
            access=access,
        ).function
        scheduler.Schedule(
            self,
            "Schedule",
            description="Looks for notifications that stayed in the outbox",
            schedule=scheduler.ScheduleExpression.rate(Duration.minutes(minutes)),
            # The next look makes up for one that failed.
            target=targets.LambdaInvoke(
                self.function,
                role=schedule_role(self, "ScheduleRole", function=self.function),
                retry_attempts=0,
                max_event_age=Duration.minutes(1),
            ),
        )
        self._errors = self.function.metric_errors(period=Duration.minutes(minutes))
        self._age = cloudwatch.Metric(
            namespace=options.system,
            metric_name="OutboxAge",
            dimensions_map={"service": folder},
            statistic="Maximum",
            period=Duration.minutes(minutes),
        )
        if alarm_topic is not None:
            self._add_alarms(alarm_topic)

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """How long messages have waited in the outbox, and whether the sweeper fails."""
        return (
            Graph(title="Outbox: age of the oldest message (s)", metrics=(self._age,)),
            Graph(title="Outbox sweeper: errors", metrics=(self._errors,)),
        )

    def _add_alarms(self, topic: sns.ITopic) -> None:
        alarm(
            self,
            "AgeAlarm",
            metric=self._age,
            threshold=AGE_ALARM_SECONDS,
            description="Notifications that were accepted do not reach the queue",
            topic=topic,
        )
        alarm(
            self,
            "ErrorsAlarm",
            metric=self._errors,
            threshold=1,
            evaluation_periods=_ERRORS_IN_A_ROW,
            description="The sweeper of the outbox fails again and again",
            topic=topic,
        )
