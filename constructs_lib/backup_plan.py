"""A plan of AWS Backup: daily, restorable to any point in time, copied to another region where that is asked for."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Duration, Names, Stack
from aws_cdk import aws_backup as backup
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.model import BackupConfig, Lifecycle
from constructs_lib.alarms import alarm
from constructs_lib.backup_role import backup_role
from constructs_lib.graphs import Graph
from constructs_lib.keys import customer_key
from constructs_lib.lifecycle import is_protected, named_removal_policy

# The vault that AWS Backup's console makes when it is first opened in a region, or a person by its CLI: copies go
# there, so that no stack is needed in that region.
COPY_VAULT = "Default"
_LONGEST_NAME = 50
_HOUR = Duration.hours(1)


class DailyBackups(Construct):
    """The vault and the plan over databases given by their ARNs, and by the customer keys that encrypt them."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: BackupConfig,
        resource_arns: Sequence[str],
        keys: Sequence[kms.IKey],
        lifecycle: Lifecycle,
        alarm_topic: sns.ITopic | None,
    ) -> None:
        super().__init__(scope, id_)
        protected = is_protected(lifecycle)
        # Names are asked for, and unique in an account and region; the CDK's own are the same in every system.
        name = Names.unique_resource_name(self, max_length=_LONGEST_NAME, separator="-")
        self.vault = backup.BackupVault(
            self,
            "Vault",
            backup_vault_name=name,
            encryption_key=customer_key(self, "backup", "rds"),
            # By policy, so that not even an administrator deletes a recovery point before its time by mistake.
            block_recovery_point_deletion=protected,
            removal_policy=named_removal_policy(lifecycle),
        )
        plan = backup.BackupPlan(
            self,
            "Plan",
            backup_plan_name=name,
            backup_vault=self.vault,
            backup_plan_rules=[
                backup.BackupPlanRule(
                    rule_name="Daily",
                    schedule_expression=events.Schedule.cron(hour=str(config.hour_utc), minute="0"),
                    enable_continuous_backup=True,
                    delete_after=Duration.days(config.retention_days),
                    copy_actions=self._copies(config),
                )
            ],
        )
        copies = [] if config.copy_region is None else [self._copy_vault_arn(config.copy_region)]
        plan.add_selection(
            "Databases",
            resources=[backup.BackupResource.from_arn(resource_arn) for resource_arn in resource_arns],
            role=backup_role(
                self,
                "Role",
                database_arns=resource_arns,
                keys=keys,
                vault_arns=[self.vault.backup_vault_arn, *copies],
                copy_region=config.copy_region,
            ),
            disable_default_backup_policy=True,
        )
        if alarm_topic is not None:
            alarm(
                self,
                "FailedAlarm",
                metric=self._failed,
                threshold=1,
                description="A backup job failed",
                topic=alarm_topic,
            )
            if config.copy_region is not None:
                # Told where the copy is taken from, under the name of the vault it is taken from.
                alarm(
                    self,
                    "FailedCopyAlarm",
                    metric=self._jobs("NumberOfCopyJobsFailed"),
                    threshold=1,
                    description="A backup was not copied to another region",
                    topic=alarm_topic,
                )

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """How many backups were made, and how many failed."""
        return (Graph(title="Backups per hour", metrics=(self._jobs("NumberOfBackupJobsCompleted"), self._failed)),)

    @property
    def _failed(self) -> cloudwatch.Metric:
        return self._jobs("NumberOfBackupJobsFailed")

    def _jobs(self, name: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/Backup",
            metric_name=name,
            dimensions_map={"BackupVaultName": self.vault.backup_vault_name},
            period=_HOUR,
            statistic="Sum",
        )

    def _copies(self, config: BackupConfig) -> list[backup.BackupPlanCopyActionProps] | None:
        if config.copy_region is None:
            return None
        arn = self._copy_vault_arn(config.copy_region)
        vault = backup.BackupVault.from_backup_vault_arn(self, "CopyVault", arn)
        return [
            backup.BackupPlanCopyActionProps(
                destination_backup_vault=vault, delete_after=Duration.days(config.retention_days)
            )
        ]

    def _copy_vault_arn(self, region: str) -> str:
        return Stack.of(self).format_arn(
            service="backup",
            region=region,
            resource="backup-vault",
            resource_name=COPY_VAULT,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
