"""Migrations of a database, applied while its stack is deployed, before any new code can use it."""

from aws_cdk import CustomResource, Duration, FileSystem
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from config.model import Uses
from constructs_lib.access import Access, Database, Resources
from constructs_lib.functions import RuntimeFunction
from constructs_lib.project import SERVICES_FOLDER
from constructs_lib.workload import WorkloadOptions

# Longer than a paused cluster needs to wake and a migration to run; CloudFormation gives up a minute later.
TIMEOUT_SECONDS = 300
# The one database that the function uses.
_KEY = "database"


class Migrations(Construct):
    """A function that brings the schema up to date, run whenever the migrations have changed.

    A migration that fails, fails the deployment: the stacks with the new code are then not reached.
    """

    def __init__(
        self, scope: Construct, id_: str, *, vpc: ec2.IVpc, database: Database, options: WorkloadOptions
    ) -> None:
        super().__init__(scope, id_)
        migrator = RuntimeFunction(
            self,
            "Migrator",
            handler_folder="migrations",
            description="Brings the database schema up to date",
            vpc=vpc,
            options=options,
            memory_mib=512,
            timeout_seconds=TIMEOUT_SECONDS,
            access=Access(Uses(database=_KEY), Resources(databases={_KEY: database}), options.provider),
            variables={"DATABASE_SCHEMA": database.schema},
        )
        run = CustomResource(
            self,
            "Run",
            resource_type="Custom::DatabaseMigrations",
            service_token=migrator.function.function_arn,
            service_timeout=Duration.seconds(TIMEOUT_SECONDS + 60),
            properties={
                "Schema": database.schema,
                "Fingerprint": FileSystem.fingerprint(
                    str(SERVICES_FOLDER / "migrations" / database.schema), exclude=["*.pyc"]
                ),
            },
        )
        # The role's policy and the rules into the server must stand before the function runs.
        run.node.add_dependency(migrator, database.network)
