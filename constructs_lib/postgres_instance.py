"""An RDS for PostgreSQL instance whose password AWS makes and rotates."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.connections import ALARM_SHARE, instance_connections
from config.model import InstanceConfig, Lifecycle
from constructs_lib.access import Database
from constructs_lib.alarms import alarm
from constructs_lib.aurora import MASTER_USER
from constructs_lib.graphs import Graph
from constructs_lib.keys import customer_key
from constructs_lib.lifecycle import database_removal_policy, is_protected
from constructs_lib.network import data_subnets, let_nothing_out
from constructs_lib.providers import Provider

_MINUTE = Duration.minutes(1)
_GIB = 1024**3
# RDS extends the storage when a tenth of it is left for five minutes. Where that is still so a quarter of an hour
# later, it cannot: the ceiling is reached, or the last extension was less than six hours ago.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
_LOW_STORAGE_SHARE = 0.1
_LOW_STORAGE_MINUTES = 15


class PostgresInstance(Construct):
    """The instance and its secret; nobody gets in until a consumer makes a rule for itself.

    `copy_region` names the region that keeps a copy of the automated backups, so that any point in time can be restored
    there when the instance's own region is lost.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc: ec2.IVpc,
        config: InstanceConfig,
        lifecycle: Lifecycle,
        provider: Provider,
        alarm_topic: sns.ITopic | None,
        copy_region: str | None,
    ) -> None:
        super().__init__(scope, id_)
        engine = rds.DatabaseInstanceEngine.postgres(version=_engine_version(config.engine_version))
        instance_type = config.instance_type or provider.database_instance_type
        key = customer_key(self, "rds", "secretsmanager")
        protected = is_protected(lifecycle)
        self.instance = rds.DatabaseInstance(
            self,
            "Instance",
            engine=engine,
            instance_type=ec2.InstanceType(instance_type.removeprefix("db.")),
            vpc=vpc,
            vpc_subnets=data_subnets(vpc),
            port=config.port,
            multi_az=config.multi_az,
            publicly_accessible=False,
            database_name=config.name,
            # RDS generates the password, keeps it in Secrets Manager and rotates it, without a function of ours.
            credentials=rds.Credentials.from_username(MASTER_USER, encryption_key=key),
            manage_master_user_password=True,
            parameter_group=rds.ParameterGroup(
                self,
                "Parameters",
                engine=engine,
                description="Connections without TLS are refused",
                parameters={"rds.force_ssl": "1"},
            ),
            allocated_storage=config.storage_gib,
            max_allocated_storage=config.max_storage_gib,
            storage_type=rds.StorageType.GP3,
            storage_encrypted=True,
            storage_encryption_key=key,
            backup_retention=Duration.days(config.backup_retention_days),
            preferred_backup_window=config.backup_window_utc,
            preferred_maintenance_window=config.maintenance_window_utc,
            copy_tags_to_snapshot=True,
            auto_minor_version_upgrade=True,
            deletion_protection=protected,
            delete_automated_backups=not protected,
            removal_policy=database_removal_policy(lifecycle),
        )
        if copy_region is not None:
            self._copy_backups_to(copy_region)
        if self.instance.secret is None:
            message = "an instance with a managed master password has a secret"
            raise AssertionError(message)
        self.database = Database(
            network=self.instance,
            host=self.instance.db_instance_endpoint_address,
            endpoint_port=self.instance.db_instance_endpoint_port,
            port=config.port,
            master_secret=self.instance.secret,
            name=config.name,
            schema=config.schema_name,
            arn=self.instance.instance_arn,
            key=key,
        )
        let_nothing_out(self.instance)
        self._connections = self.instance.metric_database_connections(period=_MINUTE, statistic="Maximum")
        self._free_storage = self.instance.metric_free_storage_space(period=_MINUTE, statistic="Minimum")
        if alarm_topic is not None:
            self._add_alarms(config, instance_type, alarm_topic)

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """How many connections there are, how hard it works, how much it is asked, and what room is left."""
        return (
            Graph(title=f"{self.node.id}: connections", metrics=(self._connections,)),
            Graph(title=f"{self.node.id}: CPU (%)", metrics=(self.instance.metric_cpu_utilization(period=_MINUTE),)),
            Graph(
                title=f"{self.node.id}: reads and writes per second",
                metrics=(
                    self.instance.metric_read_iops(period=_MINUTE),
                    self.instance.metric_write_iops(period=_MINUTE),
                ),
            ),
            Graph(title=f"{self.node.id}: free storage (bytes)", metrics=(self._free_storage,)),
        )

    def _copy_backups_to(self, region: str) -> None:
        resource = self.instance.node.default_child
        if not isinstance(resource, rds.CfnDBInstance):
            message = f"{self.instance.node.path} is made of another resource than an RDS instance"
            raise TypeError(message)
        resource.automatic_backup_replication_region = region
        # Encrypted backups are encrypted anew in the other region, by the key RDS has there.
        resource.automatic_backup_replication_kms_key_id = Stack.of(self).format_arn(
            service="kms", region=region, resource="alias", resource_name="aws/rds"
        )

    def _add_alarms(self, config: InstanceConfig, instance_type: str, topic: sns.ITopic) -> None:
        alarm(
            self,
            "ConnectionsAlarm",
            metric=self._connections,
            threshold=int(ALARM_SHARE * instance_connections(instance_type)),
            description="The instance's connections are nearly used up",
            topic=topic,
        )
        alarm(
            self,
            "StorageAlarm",
            metric=self._free_storage,
            threshold=int(_LOW_STORAGE_SHARE * config.storage_gib * _GIB),
            below=True,
            evaluation_periods=_LOW_STORAGE_MINUTES,
            description="The instance's storage is nearly full and does not grow any more",
            topic=topic,
        )


def _engine_version(full: str) -> rds.PostgresEngineVersion:
    major, _ = full.split(".")
    return rds.PostgresEngineVersion.of(full, major)
