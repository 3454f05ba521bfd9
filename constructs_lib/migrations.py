"""Migrations of a database and its users, applied while its stack is deployed, before any new code can use it."""

from aws_cdk import CustomResource, Duration, FileSystem
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from constructs_lib.access import Database
from constructs_lib.database_users import master_access, users_variables
from constructs_lib.functions import RuntimeFunction
from constructs_lib.keys import allow_reading_secret
from constructs_lib.project import SERVICES_FOLDER
from constructs_lib.workload import WorkloadOptions

# Longer than a paused cluster needs to wake and a migration to run; CloudFormation gives up a minute later.
TIMEOUT_SECONDS = 300


class Migrations(Construct):
    """A function that brings the schema and its users up to date, run whenever either has changed.

    It signs in as the master user, makes the users and gives them the rights that stand beside the migrations; `run` is
    what has done so once it is there. A migration that fails, fails the deployment: the stacks with the new code are
    then not reached.
    """

    def __init__(
        self, scope: Construct, id_: str, *, vpc: ec2.IVpc, database: Database, options: WorkloadOptions
    ) -> None:
        super().__init__(scope, id_)
        migrator = RuntimeFunction(
            self,
            "Migrator",
            handler_folder="migrations",
            description="Brings the database schema and its users up to date",
            vpc=vpc,
            options=options,
            memory_mib=512,
            timeout_seconds=TIMEOUT_SECONDS,
            access=master_access(database, options),
            variables={"DATABASE_SCHEMA": database.schema, **users_variables(self, database)},
        )
        self.function = migrator.function
        for secret in database.users.values():
            # To give each user the password that its secret holds.
            allow_reading_secret(migrator.function, secret)
        self.run = CustomResource(
            self,
            "Run",
            resource_type="Custom::DatabaseMigrations",
            service_token=migrator.function.function_arn,
            service_timeout=Duration.seconds(TIMEOUT_SECONDS + 60),
            properties={
                "Schema": database.schema,
                "Users": users_variables(self, database)["DATABASE_USERS"],
                "Fingerprint": FileSystem.fingerprint(
                    str(SERVICES_FOLDER / "migrations" / database.schema), exclude=["*.pyc"]
                ),
            },
        )
        # The role's policy and the rules into the server must stand before the function runs.
        self.run.node.add_dependency(migrator, database.network)
