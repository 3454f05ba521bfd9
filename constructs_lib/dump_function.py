"""The scheduled function that dumps a database into a bucket, and proves the dump by restoring it."""

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.database_users import DUMP
from config.model import DumpConfig, Uses
from constructs_lib.access import Access, Resources
from constructs_lib.alarms import alarm
from constructs_lib.functions import RuntimeFunction
from constructs_lib.graphs import Graph
from constructs_lib.schedule_role import schedule_role
from constructs_lib.workload import WorkloadOptions

# The longest that Lambda lets a function run: what a dump and its restore may take together.
TIMEOUT_SECONDS = 900
_MEMORY_MIB = 1024


class DumpFunction(Construct):
    """The function with its schedule; one that fails is an error of the function, and raises the alarm."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc: ec2.IVpc,
        config: DumpConfig,
        resources: Resources,
        options: WorkloadOptions,
        alarm_topic: sns.ITopic | None,
    ) -> None:
        super().__init__(scope, id_)
        uses = Uses(database=config.database, buckets=(config.bucket,))
        self.function = RuntimeFunction(
            self,
            "Dump",
            handler_folder="backups",
            description="Dumps a database and proves the dump by restoring it",
            vpc=vpc,
            options=options,
            memory_mib=_MEMORY_MIB,
            timeout_seconds=TIMEOUT_SECONDS,
            access=Access(uses, resources, options.provider, user=DUMP, lists_buckets=False),
            variables={"DATABASE_SCHEMA": resources.databases[config.database].schema},
        ).function
        scheduler.Schedule(
            self,
            "Daily",
            description="Dumps the database once a day",
            schedule=scheduler.ScheduleExpression.cron(minute="0", hour=str(config.hour_utc)),
            target=targets.LambdaInvoke(
                self.function,
                role=schedule_role(self, "ScheduleRole", function=self.function),
                retry_attempts=2,
                max_event_age=Duration.hours(2),
            ),
        )
        self._errors = self.function.metric_errors(period=Duration.minutes(5))
        if alarm_topic is not None:
            alarm(
                self,
                "ErrorsAlarm",
                metric=self._errors,
                threshold=1,
                description="The database could not be dumped, or its dump could not be restored",
                topic=alarm_topic,
            )

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """How long a dump and its proof take, and whether they fail."""
        return (
            Graph(title="Dump: duration (ms)", metrics=(self.function.metric_duration(period=Duration.minutes(5)),)),
            Graph(title="Dump: errors", metrics=(self._errors,)),
        )
