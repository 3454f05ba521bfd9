"""What each process reads from its environment: one frozen class per process, read once when it starts."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag, ValidationError

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Port = Annotated[int, Field(ge=1, le=65535)]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]


class SettingsError(ValueError):
    """The environment lacks a variable or holds an unusable value; the message names every one of them."""


class _Variables(BaseModel):
    """Fields are read from environment variables of the same name in capitals."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=str.upper)


class DatabaseServer(_Variables):
    """Where the database listens, and the Secrets Manager secret that holds `username` and `password`."""

    database_host: Text
    database_port: Port
    database_name: Text
    database_secret_arn: Text
    database_sslmode: SslMode


class DatabaseUrl(_Variables):
    """A libpq URL with everything in it. Its password does not survive a rotation of the secret."""

    database_url: Text = Field(repr=False)


def _kind_of_location(value: object) -> str:
    if isinstance(value, Mapping):
        return "url" if "DATABASE_URL" in value else "server"
    return "url" if isinstance(value, DatabaseUrl) else "server"


DatabaseLocation = Annotated[
    Annotated[DatabaseServer, Tag("server")] | Annotated[DatabaseUrl, Tag("url")],
    Discriminator(_kind_of_location),
]


class _Process(_Variables):
    """What every process reads. `DATABASE_URL`, when set, stands for the five variables of DatabaseServer."""

    # Variables that the SDK or Powertools read by themselves, so that no field here does.
    required_by_libraries: ClassVar[frozenset[str]] = frozenset()
    optional_for_libraries: ClassVar[frozenset[str]] = frozenset()

    database: DatabaseLocation
    app_env: Text
    log_level: LogLevel = "INFO"
    powertools_service_name: Text

    @classmethod
    def required_variables(cls) -> frozenset[str]:
        """Variables the process does not work without."""
        return _names(cls, required=True) | _names(DatabaseServer, required=True) | cls.required_by_libraries

    @classmethod
    def optional_variables(cls) -> frozenset[str]:
        """Variables the process reads when they are there."""
        return _names(cls, required=False) | _names(DatabaseUrl, required=True) | cls.optional_for_libraries

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Reads the variables; one that is empty counts as missing.

        Raises SettingsError naming each missing or unusable variable.
        """
        present = {name: value for name, value in environment.items() if value.strip()}
        missing = [name for name in sorted(cls.required_by_libraries) if name not in present]
        problems = [f"{name} is missing: set this environment variable" for name in missing]
        try:
            settings = cls.model_validate({**present, "DATABASE": present})
        except ValidationError as error:
            problems += _explain(error, present)
        if problems:
            raise SettingsError("\n".join(problems))
        return settings


def _names(model: type[_Variables], *, required: bool) -> frozenset[str]:
    fields = {name: field for name, field in model.model_fields.items() if name != "database"}
    return frozenset(name.upper() for name, field in fields.items() if field.is_required() is required)


def _explain(error: ValidationError, environment: Mapping[str, str]) -> list[str]:
    lines = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        name = str(fault["loc"][-1])
        if fault["type"] == "missing":
            lines.append(f"{name} is missing: set this environment variable")
        else:
            lines.append(f"{name} is {environment[name]!r}: {fault['msg'][:1].lower()}{fault['msg'][1:]}")
    return lines


class ApiSettings(_Process):
    """The API container."""

    optional_for_libraries = frozenset({"POWERTOOLS_METRICS_NAMESPACE"})

    database_pool_size: Annotated[int, Field(ge=1, le=1000)]
    queue_url: Text
    aws_region: Text
    # Every interface: inside a container the load balancer reaches the process by the task's own address.
    host: Text = "0.0.0.0"  # noqa: S104
    port: Port = 3000


class WorkerSettings(_Process):
    """The function that consumes the queue."""

    required_by_libraries = frozenset({"POWERTOOLS_METRICS_NAMESPACE"})
    optional_for_libraries = frozenset({"AWS_REGION"})

    dlq_url: Text
    # 1000 is the most that SQS accepts.
    max_receive_count: Annotated[int, Field(ge=1, le=1000)]
    email_sender: Text
    telegram_secret_arn: Text
    telegram_base_url: Text = "https://api.telegram.org"


class MigrationSettings(_Process):
    """The function that brings the database's schema up to date during a deployment."""

    optional_for_libraries = frozenset({"AWS_REGION", "POWERTOOLS_METRICS_NAMESPACE"})
