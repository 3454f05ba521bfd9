"""Settings of the notifications system."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from services.receiving import MAX_DELAY_SECONDS
from services.settings.base import Process, Text
from services.settings.parts import Served, WithAuthentication, WithChannels, WithDatabase, WithDatabasePool, WithQueue


class ApiSettings(Served, WithDatabasePool, WithQueue, WithAuthentication):
    """The API container."""


class ConsumerSettings(Process):
    """Reads the queue, or its dead-letter queue.

    other_producers: whether others than the API put messages there, so that one of a notification not stored is one.
    """

    dlq_url: Text
    other_producers: bool = False


class WorkerSettings(WithDatabase, WithChannels, ConsumerSettings):
    """The function that consumes the queue."""

    required_by_libraries = frozenset({"POWERTOOLS_METRICS_NAMESPACE"})
    optional_for_libraries = frozenset({"AWS_REGION"})

    # 1000 is the most that SQS accepts.
    max_receive_count: Annotated[int, Field(ge=1, le=1000)]
    # SQS hides a message for 12 hours at most.
    longest_delay_seconds: Annotated[int, Field(ge=1, le=43_200)] = MAX_DELAY_SECONDS


class SweeperSettings(WithDatabase, WithQueue):
    """The function that publishes what stayed in the outbox."""

    required_by_libraries = frozenset({"POWERTOOLS_METRICS_NAMESPACE"})
    optional_for_libraries = frozenset({"AWS_REGION"})


class ReplaySettings(WithDatabase, WithQueue, ConsumerSettings):
    """The function that sends again what failed."""

    optional_for_libraries = frozenset({"AWS_REGION", "POWERTOOLS_METRICS_NAMESPACE"})


class KeysSettings(WithDatabase):
    """The function that makes, lists and revokes API keys."""

    optional_for_libraries = frozenset({"AWS_REGION", "POWERTOOLS_METRICS_NAMESPACE"})


PROGRAMS: Mapping[str, type[Process]] = {
    "api": ApiSettings,
    "function notifications": WorkerSettings,
    "function sweeper": SweeperSettings,
    "function replay": ReplaySettings,
    "function keys": KeysSettings,
}
