"""RDS's actions on instances that are no member of a cluster: a server each."""

import json
from collections.abc import Callable

from ministack.services import kms, rds, secretsmanager

from local.emulator import ports
from local.emulator.databases.actions import (
    POSTGRES_ENGINES,
    Action,
    Parameters,
    Record,
    Response,
    accepted,
    archives,
    failed,
    instance_response,
    is_true,
    value,
)
from local.emulator.databases.postgres import PostgresServer
from local.emulator.databases.servers import FAILURES, Databases


def create(databases: Databases, original: Action) -> Action:
    """CreateDBInstance."""

    def create_instance(parameters: Parameters) -> Response:
        managed = is_true(parameters, "ManageMasterUserPassword")
        if managed:
            parameters = {**parameters, "MasterUserPassword": rds._generate_master_user_password()}
        response = original(parameters)
        if not accepted(response):
            return response
        instance = rds._instances[value(parameters, "DBInstanceIdentifier")]
        complete(instance, parameters)
        if not stands_alone(instance):
            return instance_response("CreateDBInstance", instance)
        try:
            server = databases.create(
                instance["DBInstanceArn"],
                master=instance["MasterUsername"],
                password=instance["_MasterUserPassword"],
                database=value(parameters, "DBName") or None,
                archive=archives(instance),
            )
        except FAILURES as error:
            rds._instances.pop(instance["DBInstanceIdentifier"], None)
            return failed(error)
        publish(instance, server)
        if managed:
            manage_password(instance, value(parameters, "MasterUserSecretKmsKeyId"))
        return instance_response("CreateDBInstance", instance)

    return create_instance


def stands_alone(instance: Record) -> bool:
    """Whether an instance has a server to itself."""
    return instance["Engine"] in POSTGRES_ENGINES and not instance.get("DBClusterIdentifier")


def complete(instance: Record, parameters: Parameters) -> None:
    """Keep what the emulator's CreateDBInstance drops."""
    if "BackupRetentionPeriod" in parameters:
        # It takes 0, which turns backups off, for not given.
        instance["BackupRetentionPeriod"] = int(value(parameters, "BackupRetentionPeriod"))
    if value(parameters, "PreferredBackupWindow"):
        instance["PreferredBackupWindow"] = value(parameters, "PreferredBackupWindow")
    if stands_alone(instance):
        # It calls the database that nobody asked for `mydb`; there is none.
        instance["DBName"] = value(parameters, "DBName")
    exports = rds._parse_member_list(parameters, "EnableCloudwatchLogsExports")
    instance["EnabledCloudwatchLogsExports"] = exports


def publish(instance: Record, server: PostgresServer) -> None:
    """Let an instance report where its server really listens."""
    instance["Endpoint"] = {**instance["Endpoint"], "Address": ports.LOOPBACK, "Port": server.port}


def described_in_full(render: Callable[[Record], str]) -> Callable[[Record], str]:
    """The description of an instance, with what the emulator leaves out of it: exported logs, and the secret."""

    def rendered(instance: Record) -> str:
        logs = "".join(f"<member>{name}</member>" for name in instance.get("EnabledCloudwatchLogsExports") or [])
        secret = instance.get("MasterUserSecret") or {}
        fields = "".join(f"<{name}>{each}</{name}>" for name, each in secret.items() if each)
        return render(instance).replace(
            "<EnabledCloudwatchLogsExports/>", f"<EnabledCloudwatchLogsExports>{logs}</EnabledCloudwatchLogsExports>"
        ) + (f"<MasterUserSecret>{fields}</MasterUserSecret>" if fields else "")

    return rendered


def manage_password(instance: Record, key: str) -> None:
    """Keep an instance's master password in a secret of RDS's; the emulator does so for clusters only."""
    content = json.dumps({"username": instance["MasterUsername"], "password": instance["_MasterUserPassword"]})
    arn = secretsmanager.create_secret_in_process(
        f"rds!db-{rds.new_uuid()}",
        content,
        description=f"Secret managed by RDS for DB instance {instance['DBInstanceIdentifier']}",
    )
    instance["MasterUserSecret"] = {"SecretArn": arn, "SecretStatus": "active", "KmsKeyId": key}
    encrypt_password(instance)


def encrypt_password(record: Record) -> None:
    """Keep the managed master password of an instance or a cluster under the customer key that was named for it."""
    managed = record.get("MasterUserSecret") or {}
    _, secret = secretsmanager._resolve(managed.get("SecretArn"), use_arn_scope=True)
    if secret is not None and managed.get("KmsKeyId") and kms._resolve_key(managed["KmsKeyId"]):
        secret["KmsKeyId"] = managed["KmsKeyId"]


def modify(databases: Databases, original: Action) -> Action:
    """ModifyDBInstance, with passwords that RDS manages and backups that are turned on or off."""

    def modify_instance(parameters: Parameters) -> Response:
        response = original(parameters)
        instance = rds._resolve_instance(value(parameters, "DBInstanceIdentifier"))
        if not accepted(response) or not instance or not stands_alone(instance):
            return response
        if "BackupRetentionPeriod" in parameters and is_true(parameters, "ApplyImmediately"):
            instance["BackupRetentionPeriod"] = int(value(parameters, "BackupRetentionPeriod"))
        secret = (instance.get("MasterUserSecret") or {}).get("SecretArn")
        begins = is_true(parameters, "ManageMasterUserPassword") and not secret
        try:
            follow_retention(databases, instance["DBInstanceArn"], instance)
        except FAILURES as error:
            return failed(error)
        if begins:
            password = rds._generate_master_user_password()
            instance["_MasterUserPassword"] = password
            rds._rotate_instance_password(instance, "", password)
            manage_password(instance, value(parameters, "MasterUserSecretKmsKeyId"))
        elif secret and is_true(parameters, "RotateMasterUserPassword"):
            secretsmanager._rotate_secret({"SecretId": secret})
        return instance_response("ModifyDBInstance", instance)

    return modify_instance


def follow_retention(databases: Databases, arn: str, record: Record) -> None:
    """Begin or end the archive of a cluster's or instance's server when its retention has changed.

    Raises:
        LocalError: the base copy cannot be made.
    """
    server = databases.find(arn)
    if server is None or server.archive.enabled == archives(record):
        return
    if archives(record):
        server.enable_archive()
    else:
        server.archive.disable()


def reboot(databases: Databases, original: Action) -> Action:
    """RebootDBInstance; that of a cluster's member reboots the server it shares."""

    def reboot_instance(parameters: Parameters) -> Response:
        response = original(parameters)
        instance = rds._resolve_instance(value(parameters, "DBInstanceIdentifier"))
        if instance and accepted(response):
            cluster = rds._clusters.get(instance.get("DBClusterIdentifier") or "")
            server = databases.find(cluster["DBClusterArn"] if cluster else instance["DBInstanceArn"])
            if server is not None:
                try:
                    server.restart()
                except FAILURES as error:
                    return failed(error)
        return response

    return reboot_instance


def delete(databases: Databases, original: Action) -> Action:
    """DeleteDBInstance."""

    def delete_instance(parameters: Parameters) -> Response:
        instance = rds._resolve_instance(value(parameters, "DBInstanceIdentifier"))
        try:
            response = original(parameters)
        except FAILURES as error:
            # The final snapshot; the instance is still there.
            return failed(error)
        if instance and accepted(response):
            databases.remove(instance["DBInstanceArn"])
            secret = (instance.get("MasterUserSecret") or {}).get("SecretArn")
            if secret:
                secretsmanager.delete_secret_in_process(secret)
        return response

    return delete_instance
