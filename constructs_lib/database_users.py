"""The secrets of a database's users, and the function that rotates them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct, IDependable

from config.database_users import first_login
from config.model import Lifecycle, Uses
from constructs_lib.access import Access, Database, Resources
from constructs_lib.functions import RuntimeFunction
from constructs_lib.keys import allow_encryption, customer_key
from constructs_lib.lifecycle import removal_policy
from constructs_lib.names import pascal_case
from constructs_lib.workload import WorkloadOptions

# Longer than a paused cluster needs to wake, twice: once for the master user, once for the user itself.
ROTATION_TIMEOUT_SECONDS = 90
_MEMORY_MIB = 256
_PASSWORD_CHARACTERS = 43
# The one database that a function uses as its master, and the name under which it gets that one's secret.
_KEY = "database"
_MASTER = "master"


def user_secrets(
    scope: Construct, id_: str, *, database: Database, users: Sequence[str], lifecycle: Lifecycle
) -> Database:
    """Return the database with a new secret for each of its users: JSON with `username` and `password`.

    The migrations give the password to the user; nothing else reads all of the secrets of a database.
    """
    place = Construct(scope, id_)
    key = customer_key(place, "secretsmanager") if users else None
    return replace(
        database,
        users={
            user: secretsmanager.Secret(
                place,
                pascal_case(user.replace("_", "-")),
                description=f"Password of the user {user} of the database {database.name}",
                # With any change of it CloudFormation generates another password, which nobody has told PostgreSQL.
                generate_secret_string=secretsmanager.SecretStringGenerator(
                    secret_string_template=json.dumps({"username": first_login(user)}),
                    generate_string_key="password",
                    password_length=_PASSWORD_CHARACTERS,
                    exclude_punctuation=True,
                ),
                encryption_key=key,
                removal_policy=removal_policy(lifecycle),
            )
            for user in users
        },
    )


def master_access(database: Database, options: WorkloadOptions) -> Access:
    """Return the access of code that signs in as the master user, which no program does that serves anybody."""
    as_master = replace(database, users={_MASTER: database.master_secret})
    return Access(Uses(database=_KEY), Resources(databases={_KEY: as_master}), options.provider, user=_MASTER)


def users_variables(scope: Construct, database: Database) -> Mapping[str, str]:
    """Return the variable that tells code the secret of each user."""
    arns = {user: secret.secret_arn for user, secret in database.users.items()}
    return {"DATABASE_USERS": Stack.of(scope).to_json_string(arns)}


class PasswordRotation(Construct):
    """The function that rotates the secrets of a database's users, every so many days.

    Of each user's two logins the idle one gets a new password, so that the other one's stays good until the next time.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc: ec2.IVpc,
        database: Database,
        days: int,
        migrated: IDependable,
        options: WorkloadOptions,
    ) -> None:
        super().__init__(scope, id_)
        rotator = RuntimeFunction(
            self,
            "Rotator",
            handler_folder="rotation",
            description="Gives the users of a database new passwords",
            vpc=vpc,
            options=options,
            memory_mib=_MEMORY_MIB,
            timeout_seconds=ROTATION_TIMEOUT_SECONDS,
            access=master_access(database, options),
            variables=users_variables(self, database),
        )
        rotator.function.add_to_role_policy(
            iam.PolicyStatement(
                # Not by the CDK's own schedule: it would let the function draw passwords for any account's secret.
                actions=[
                    "secretsmanager:DescribeSecret",
                    "secretsmanager:GetSecretValue",
                    "secretsmanager:PutSecretValue",
                    "secretsmanager:UpdateSecretVersionStage",
                ],
                resources=[secret.secret_arn for secret in database.users.values()],
            )
        )
        secrets = list(database.users.values())
        allow_encryption(
            rotator.function,
            secrets[0].encryption_key,  # that of the stack in which all of them stand
            "secretsmanager",
            SecretARN=[secret.secret_arn for secret in secrets],
        )
        rotator.function.add_permission(
            "Caller",
            principal=iam.ServicePrincipal("secretsmanager.amazonaws.com"),
            source_account=Stack.of(self).account,
        )
        for user, secret in database.users.items():
            schedule = secretsmanager.CfnRotationSchedule(
                self,
                pascal_case(user.replace("_", "-")),
                secret_id=secret.secret_arn,
                rotation_lambda_arn=rotator.function.function_arn,
                rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(automatically_after_days=days),
                # The migrations have just set the password; Secrets Manager only tries to sign in with it.
                rotate_immediately_on_update=False,
            )
            schedule.node.add_dependency(rotator, migrated)
