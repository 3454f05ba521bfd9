"""A database's secret and its server never part.

Whenever a new version of a database's secret becomes current, by whatever call, the server's password is changed:
RotateSecret, PutSecretValue, UpdateSecret, or ModifyDBCluster with RotateMasterUserPassword.
"""

import json
import logging
from collections.abc import Callable
from typing import Any

import psycopg
from ministack.services import rds, secretsmanager

from local.emulator.databases.postgres import PostgresServer

_log = logging.getLogger(__name__)

Record = dict[str, Any]
Find = Callable[[str], PostgresServer | None]

# Where a record of RDS remembers the secret that a template attached to it.
ATTACHED_SECRET = "_attached_secret"  # noqa: S105 - a key, no secret


def follow(find: Find) -> None:
    """Keep every server's password equal to its record and its secret; `find` gives the server of an ARN."""

    def rotate_cluster(cluster: Record, _old: str, new: str) -> bool:
        return _set_password(find, cluster["DBClusterArn"], cluster, new)

    def rotate_instance(instance: Record, _old: str, new: str) -> None:
        _set_password(find, instance["DBInstanceArn"], instance, new)

    # The emulator's own versions need a PostgreSQL driver that is not installed, and the former password.
    rds._rotate_real_password = rotate_cluster
    rds._rotate_instance_password = rotate_instance

    promote = secretsmanager._apply_current_promotion

    def promote_and_follow(secret: Record, version: str) -> None:
        promote(secret, version)
        _follow_secret(find, secret)

    secretsmanager._apply_current_promotion = promote_and_follow

    rotate = secretsmanager._rotate_secret

    def rotate_and_follow(data: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        response: tuple[int, dict[str, str], Any] = rotate(data)
        _, secret = secretsmanager._resolve(data.get("SecretId"))
        content = _content(secret) if secret is not None else {}
        if response[0] < 400 and "password" in content and _owner(secret) is not None:  # noqa: PLR2004 - accepted
            # The emulator's rotation copies the value; a database's must hold a new password.
            content["password"] = rds._generate_master_user_password()
            secret["Versions"][json.loads(response[2])["VersionId"]]["SecretString"] = json.dumps(content)
            _follow_secret(find, secret)
        return response

    secretsmanager._rotate_secret = rotate_and_follow


def _follow_secret(find: Find, secret: Record) -> None:
    owner = _owner(secret)
    if owner is None:
        return
    arn, record = owner
    password = _content(secret).get("password")
    if isinstance(password, str) and password != record.get("_MasterUserPassword"):
        record["_MasterUserPassword"] = password
        _set_password(find, arn, record, password)


def _set_password(find: Find, arn: str, record: Record, password: str) -> bool:
    server = find(arn)
    if server is None:
        return False
    try:
        server.set_password(record["MasterUsername"], password)
    except psycopg.Error as error:
        _log.error("the master password of %s could not be changed: %s", arn, error)
        return False
    return True


def _owner(secret: Record) -> tuple[str, Record] | None:
    """The database whose master credentials a secret holds: managed by RDS, or attached to it by a template."""
    for arn_name, store in (("DBClusterArn", rds._clusters), ("DBInstanceArn", rds._instances)):
        for record in list(store.values()):
            managed = (record.get("MasterUserSecret") or {}).get("SecretArn")
            if secret["ARN"] in (managed, record.get(ATTACHED_SECRET)):
                return str(record[arn_name]), record
    return None


def _content(secret: Record) -> dict[str, Any]:
    try:
        content = json.loads(secretsmanager.resolve_secret_string(secret["ARN"]) or "")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
