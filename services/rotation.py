"""Rotating the secret of one of the database's users, in the four steps that Secrets Manager asks for.

Each step may be asked for again, and does then no more than is left to be done.
https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

import json
import logging
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import ClientError
from psycopg.conninfo import make_conninfo

from services.database import Database, DatabaseUnavailableError
from services.database_users import Credentials, other_login, set_password
from services.secret_values import SecretValues
from services.settings import DatabaseLocation, DatabaseUrl

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

logger = logging.getLogger(__name__)

Step = Literal["createSecret", "setSecret", "testSecret", "finishSecret"]
_CURRENT, _PENDING = "AWSCURRENT", "AWSPENDING"
_PASSWORD_BYTES = 32
# As long as a database may take to resume from a pause.
_PATIENCE_SECONDS = 25


class RotationError(Exception):
    """A step cannot be done; the message says why."""


class _Given(SecretValues):
    """Credentials that are known, in place of a secret's."""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self._credentials = credentials

    def fields(self, secret_id: str, *names: str, fresh: bool = False) -> tuple[str, ...]:  # noqa: ARG002
        return tuple(str(getattr(self._credentials, name)) for name in names)


class Rotation:
    """Rotates the secrets of one database's users.

    location: of the database, with the master's secret. users: the ARN of each user's secret.
    """

    def __init__(
        self,
        client: "SecretsManagerClient",
        location: DatabaseLocation,
        users: Mapping[str, str],
        *,
        application_name: str,
    ) -> None:
        self._client = client
        self._location = location
        self._users = {arn: user for user, arn in users.items()}
        self._application_name = application_name

    def run(self, step: Step, secret_arn: str, token: str) -> None:
        """Does one step for the version of a secret that the token stands for.

        Raises RotationError, DatabaseUnavailableError, psycopg.Error and botocore's ClientError.
        """
        user = self._users.get(secret_arn)
        if user is None:
            own = ", ".join(sorted(self._users.values()))
            raise RotationError(f"{secret_arn} is not a secret of this database's users, which are {own}")
        stages = self._client.describe_secret(SecretId=secret_arn).get("VersionIdsToStages", {}).get(token)
        if stages is None:
            raise RotationError(f"the secret of {user} has no version {token}: rotate it by RotateSecret")
        if _CURRENT in stages:
            # Finished before.
            return
        if _PENDING not in stages:
            raise RotationError(f"version {token} of the secret of {user} is not pending: rotate it by RotateSecret")
        steps: Mapping[Step, Callable[[str, str, str], None]] = {
            "createSecret": self._create,
            "setSecret": self._set,
            "testSecret": self._test,
            "finishSecret": self._finish,
        }
        steps[step](user, secret_arn, token)
        logger.info("rotating", extra={"step": step, "user": user, "version": token})

    def _create(self, user: str, arn: str, token: str) -> None:
        """Stores a new password for the idle login as the pending version."""
        if self._pending(arn, token) is not None:
            return
        login = other_login(user, self._current(arn).username)
        content = {"username": login, "password": secrets.token_urlsafe(_PASSWORD_BYTES)}
        self._client.put_secret_value(
            SecretId=arn, ClientRequestToken=token, SecretString=json.dumps(content), VersionStages=[_PENDING]
        )

    def _set(self, user: str, arn: str, token: str) -> None:
        """Gives the idle login the pending password."""
        pending = self._required(user, arn, token)
        if pending.username != other_login(user, self._current(arn).username):
            raise RotationError(f"the pending login of {user} is {pending.username}, which is in use or another user's")
        with self._database(SecretValues()).connect_patiently(_PATIENCE_SECONDS) as connection:
            set_password(connection, pending)

    def _test(self, user: str, arn: str, token: str) -> None:
        """Signs in with the pending password, and looks whether that gives the user's rights."""
        pending = self._required(user, arn, token)
        try:
            with self._database(_Given(pending)).connect_patiently(_PATIENCE_SECONDS) as connection:
                row = connection.execute("SELECT pg_has_role(session_user, %s, 'USAGE')", (user,)).fetchone()
        except DatabaseUnavailableError as error:
            raise RotationError(f"{pending.username} cannot sign in with its new password: {error}") from None
        if row != (True,):
            raise RotationError(f"{pending.username} has not the rights of {user}: run the migrations again")

    def _finish(self, user: str, arn: str, token: str) -> None:
        """Hands the pending version to whoever reads the secret from here on."""
        self._required(user, arn, token)
        versions = self._client.describe_secret(SecretId=arn).get("VersionIdsToStages", {})
        (current,) = (version for version, stages in versions.items() if _CURRENT in stages)
        self._client.update_secret_version_stage(
            SecretId=arn, VersionStage=_CURRENT, MoveToVersionId=token, RemoveFromVersionId=current
        )

    def _required(self, user: str, arn: str, token: str) -> Credentials:
        pending = self._pending(arn, token)
        if pending is None:
            raise RotationError(f"version {token} of the secret of {user} holds nothing: createSecret comes first")
        return pending

    def _pending(self, arn: str, token: str) -> Credentials | None:
        try:
            answer = self._client.get_secret_value(SecretId=arn, VersionId=token, VersionStage=_PENDING)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        text = answer.get("SecretString")
        return None if text is None else _credentials(arn, text)

    def _current(self, arn: str) -> Credentials:
        return _credentials(arn, self._client.get_secret_value(SecretId=arn)["SecretString"])

    def _database(self, values: SecretValues) -> Database:
        location = self._location
        if isinstance(values, _Given) and isinstance(location, DatabaseUrl):
            user, password = values.fields("", "username", "password")
            url = make_conninfo(location.database_url, user=user, password=password)
            location = location.model_copy(update={"database_url": url})
        return Database(location, values, application_name=self._application_name)


def _credentials(arn: str, text: str) -> Credentials:
    try:
        content = json.loads(text)
        return Credentials(username=str(content["username"]), password=str(content["password"]))
    except (ValueError, KeyError, TypeError):
        # Not the content: it may hold a password.
        raise RotationError(f"secret {arn} is not a JSON object with username and password") from None
