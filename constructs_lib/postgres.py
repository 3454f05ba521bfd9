"""PostgreSQL of whichever kind a configuration asks for."""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.model import AuroraConfig, DatabaseConfig, Lifecycle
from constructs_lib.aurora import AuroraPostgres
from constructs_lib.postgres_instance import PostgresInstance
from constructs_lib.providers import Provider

Postgres = AuroraPostgres | PostgresInstance


def postgres(
    scope: Construct,
    id_: str,
    *,
    vpc: ec2.IVpc,
    config: DatabaseConfig,
    lifecycle: Lifecycle,
    provider: Provider,
    alarm_topic: sns.ITopic | None,
    copy_region: str | None,
) -> Postgres:
    """Return an Aurora cluster or an RDS instance; `copy_region` gets a copy of an instance's automated backups."""
    if isinstance(config, AuroraConfig):
        return AuroraPostgres(scope, id_, vpc=vpc, config=config, lifecycle=lifecycle, alarm_topic=alarm_topic)
    return PostgresInstance(
        scope,
        id_,
        vpc=vpc,
        config=config,
        lifecycle=lifecycle,
        provider=provider,
        alarm_topic=alarm_topic,
        copy_region=copy_region,
    )
