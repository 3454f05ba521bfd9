"""Settings of what operates a system rather than being one: its schema, users, dumps and metrics."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, Json, StringConstraints

from services.settings.base import Process, Text
from services.settings.parts import Served, WithDatabase

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+(/\S*)?$")]

# A folder of services/migrations.
_Schema = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class WithDatabaseUsers(WithDatabase):
    """Signs in as the database's master user, and looks after the others.

    database_users: JSON that has, by the name of each user, the ARN of its secret.
    """

    optional_for_libraries = frozenset({"AWS_REGION", "POWERTOOLS_METRICS_NAMESPACE"})

    database_users: Json[dict[Text, Text]]


class MigrationSettings(WithDatabaseUsers):
    """The function that brings a database's schema and its users up to date during a deployment."""

    database_schema: _Schema


class RotationSettings(WithDatabaseUsers):
    """The function that gives the database's users new passwords."""


class BackupSettings(WithDatabase):
    """The function that makes proven dumps of a database, and restores them."""

    required_by_libraries = frozenset({"POWERTOOLS_METRICS_NAMESPACE"})
    optional_for_libraries = frozenset({"AWS_REGION"})

    database_schema: _Schema
    backups_bucket: Text


class PrometheusSettings(Served):
    """The Prometheus server.

    load_balancer: full name of a load balancer whose metrics to take from CloudWatch, such as `app/shop/50dc6c49`.
    retention_days: how long metrics are kept; 15 days without it.
    remote_write_url: where metrics are written instead of being kept.
    """

    cluster_name: Text
    scrape_interval_seconds: Annotated[int, Field(ge=1, le=300)]
    discovery_interval_seconds: Annotated[int, Field(ge=1, le=300)] = 15
    load_balancer: Annotated[str, StringConstraints(pattern=r"^app/[^/\s]+/[^/\s]+$")] | None = None
    retention_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    remote_write_url: Url | None = None


PROGRAMS: Mapping[str, type[Process]] = {
    "function migrations": MigrationSettings,
    "function rotation": RotationSettings,
    "function backups": BackupSettings,
    "prometheus": PrometheusSettings,
}
