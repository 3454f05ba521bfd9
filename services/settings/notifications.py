"""Settings of the notifications system, and of the migrations that every system runs."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from services.settings.base import Process, Text
from services.settings.parts import Served, WithChannels, WithDatabase, WithDatabasePool, WithQueue


class ApiSettings(Served, WithDatabasePool, WithQueue):
    """The API container."""


class WorkerSettings(WithDatabase, WithChannels):
    """The function that consumes the queue."""

    required_by_libraries = frozenset({"POWERTOOLS_METRICS_NAMESPACE"})
    optional_for_libraries = frozenset({"AWS_REGION"})

    dlq_url: Text
    # 1000 is the most that SQS accepts.
    max_receive_count: Annotated[int, Field(ge=1, le=1000)]


class SweeperSettings(WithDatabase, WithQueue):
    """The function that publishes what stayed in the outbox."""

    required_by_libraries = frozenset({"POWERTOOLS_METRICS_NAMESPACE"})
    optional_for_libraries = frozenset({"AWS_REGION"})


class ReplaySettings(WithDatabase, WithQueue):
    """The function that sends again what failed."""

    optional_for_libraries = frozenset({"AWS_REGION", "POWERTOOLS_METRICS_NAMESPACE"})

    dlq_url: Text


class MigrationSettings(WithDatabase):
    """The function that brings a database's schema up to date during a deployment."""

    optional_for_libraries = frozenset({"AWS_REGION", "POWERTOOLS_METRICS_NAMESPACE"})

    # A folder of services/migrations.
    database_schema: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


PROGRAMS: Mapping[str, type[Process]] = {
    "api": ApiSettings,
    "function notifications": WorkerSettings,
    "function sweeper": SweeperSettings,
    "function replay": ReplaySettings,
    "function migrations": MigrationSettings,
}
