"""An Aurora PostgreSQL cluster, Serverless v2, whose password AWS makes and rotates."""

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.connections import ALARM_SHARE, aurora_connections
from config.model import AuroraConfig, Lifecycle
from constructs_lib.access import Database
from constructs_lib.alarms import alarm
from constructs_lib.graphs import Graph
from constructs_lib.keys import customer_key
from constructs_lib.lifecycle import database_removal_policy, is_protected
from constructs_lib.network import data_subnets, let_nothing_out

MASTER_USER = "postgres"
_MINUTE = Duration.minutes(1)


class AuroraPostgres(Construct):
    """The cluster, its instances and its secret; nobody gets in until a consumer makes a rule for itself."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc: ec2.IVpc,
        config: AuroraConfig,
        lifecycle: Lifecycle,
        alarm_topic: sns.ITopic | None,
    ) -> None:
        super().__init__(scope, id_)
        engine = rds.DatabaseClusterEngine.aurora_postgres(version=_engine_version(config.engine_version))
        protected = is_protected(lifecycle)
        subnets = data_subnets(vpc)
        key = customer_key(self, "rds", "secretsmanager")
        zones = vpc.select_subnets(subnet_type=subnets.subnet_type).availability_zones
        self.cluster = rds.DatabaseCluster(
            self,
            "Cluster",
            engine=engine,
            vpc=vpc,
            vpc_subnets=subnets,
            port=config.port,
            # In zones by turns and by name, so that the loss of one takes the writer or its successor, never both.
            writer=_instance("Writer", zone=zones[0]),
            # The failover target keeps the writer's size: a reader that lags behind would be overrun on taking over.
            readers=[
                _instance(f"Reader{number}", zone=zones[number % len(zones)], scale_with_writer=number == 1)
                for number in range(1, config.readers + 1)
            ],
            serverless_v2_min_capacity=config.min_acu,
            serverless_v2_max_capacity=config.max_acu,
            serverless_v2_auto_pause_duration=_minutes(config.auto_pause_minutes),
            default_database_name=config.name,
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
            storage_encrypted=True,
            storage_encryption_key=key,
            backup=rds.BackupProps(
                retention=Duration.days(config.backup_retention_days), preferred_window=config.backup_window_utc
            ),
            preferred_maintenance_window=config.maintenance_window_utc,
            copy_tags_to_snapshot=True,
            deletion_protection=protected,
            delete_automated_backups=not protected,
            removal_policy=database_removal_policy(lifecycle),
        )
        if self.cluster.secret is None:
            message = "a cluster with a managed master password has a secret"
            raise AssertionError(message)
        self.database = Database(
            network=self.cluster,
            host=self.cluster.cluster_endpoint.hostname,
            endpoint_port=str(self.cluster.cluster_endpoint.port),
            port=config.port,
            master_secret=self.cluster.secret,
            name=config.name,
            schema=config.schema_name,
            arn=self.cluster.cluster_arn,
            key=key,
        )
        let_nothing_out(self.cluster)
        self._connections = self.cluster.metric_database_connections(period=_MINUTE, statistic="Maximum")
        if alarm_topic is not None:
            alarm(
                self,
                "ConnectionsAlarm",
                metric=self._connections,
                threshold=int(ALARM_SHARE * aurora_connections(config.min_acu, config.max_acu)),
                description="The cluster's connections are nearly used up",
                topic=alarm_topic,
            )

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """How many connections there are, how hard it works, and how much it is asked."""
        return (
            Graph(title=f"{self.node.id}: connections", metrics=(self._connections,)),
            Graph(title=f"{self.node.id}: CPU (%)", metrics=(self.cluster.metric_cpu_utilization(period=_MINUTE),)),
            Graph(
                title=f"{self.node.id}: commits per second",
                metrics=(self.cluster.metric("CommitThroughput", period=_MINUTE, statistic="Average"),),
            ),
            Graph(
                title=f"{self.node.id}: capacity (ACU)",
                metrics=(self.cluster.metric_serverless_database_capacity(period=_MINUTE),),
            ),
        )


def _engine_version(full: str) -> rds.AuroraPostgresEngineVersion:
    major, _ = full.split(".")
    return rds.AuroraPostgresEngineVersion.of(full, major)


def _instance(id_: str, *, zone: str, scale_with_writer: bool | None = None) -> rds.IClusterInstance:
    return rds.ClusterInstance.serverless_v2(
        id_,
        availability_zone=zone,
        scale_with_writer=scale_with_writer,
        auto_minor_version_upgrade=True,
        publicly_accessible=False,
    )


def _minutes(number: int | None) -> Duration | None:
    return None if number is None else Duration.minutes(number)
