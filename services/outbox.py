"""Events that leave if and only if the transaction that caused them commits.

They are stored in the same transaction, in a table that `create_table` makes, and published from there by a Relay: at
least once, in about the order in which they came.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from psycopg import Connection
from psycopg.types.json import Jsonb

from services.background import Loop
from services.database import require_transaction
from services.events import Event, Publication
from services.failures import UnavailableError

logger = logging.getLogger(__name__)

# Any number that nothing else in the database locks.
_ORDERED = 4_201_866_724
# Between two looks at events that another relay holds.
_LOOK_SECONDS = 1.0
_MAX_PAUSE_SECONDS = 60

Publish = Callable[[Sequence[Event]], Publication]
TakeConnection = Callable[[], AbstractContextManager[Connection[Any]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """What waits in an outbox: how many events, and for how many seconds the oldest of them."""

    events: int
    oldest_seconds: float


class PublishingError(UnavailableError):
    """Nothing can be published at present."""


def create_table() -> str:
    """The SQL of the table and its index, for a migration: never changed, because it has been applied."""
    return """
        CREATE TABLE outbox (
            id uuid PRIMARY KEY,
            position bigint GENERATED ALWAYS AS IDENTITY,
            topic text NOT NULL,
            payload jsonb NOT NULL,
            attempts integer NOT NULL DEFAULT 0,
            last_error text,
            due_at timestamptz NOT NULL DEFAULT now(),
            created_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE INDEX outbox_by_position ON outbox (position);
    """


def add(connection: Connection[Any], topic: str, payload: dict[str, Any]) -> UUID:
    """Stores an event within the caller's transaction; returns its id.

    Raises RuntimeError outside of a transaction: there would be nothing to go together with.
    """
    require_transaction(connection)
    event_id = uuid4()
    connection.execute("INSERT INTO outbox (id, topic, payload) VALUES (%s, %s, %s)", (event_id, topic, Jsonb(payload)))
    return event_id


class Relay(Loop):
    """Publishes what is in the outbox, and deletes what has been accepted.

    Any number of relays may run at the same time; each event is in the hands of one. What is refused is tried again
    after pauses that grow to a minute, and does not hold up the others.

    connection: takes a connection that commits each statement, and gives it back.
    publish: called by one thread. First with nothing, to get ready and to keep ready, which may take its time; then
    with up to `batch` events in their order, within a transaction that PostgreSQL ends after 15 s without a statement:
    it leaves undone what it has no time for.
    idle_seconds: how often to look for events that nobody woke it for. None looks when it starts, when it is woken and
    when an event that was left behind is due, so that an idle database is left alone.
    ordered: whether events leave strictly in their order, and so by one relay at a time.
    """

    def __init__(
        self,
        connection: TakeConnection,
        publish: Publish,
        *,
        batch: int = 50,
        idle_seconds: float | None = 0.5,
        ordered: bool = False,
    ) -> None:
        super().__init__("relay of the outbox", self._relay, idle_seconds=idle_seconds)
        self._looks_by_itself = idle_seconds is not None
        self._connection = connection
        self._publish = publish
        self._batch = batch
        self._ordered = ordered

    def _relay(self) -> bool:
        more = relay(self._connection, self._publish, self._batch, ordered=self._ordered)
        if not more and not self._looks_by_itself:
            with self._connection() as connection:
                self.idle_seconds = _seconds_until_due(connection)
        return more


def relay(take_connection: TakeConnection, publish: Publish, batch: int, *, ordered: bool = False) -> bool:
    """Publishes up to `batch` events that are due and in nobody else's hands; True if there may be more.

    Raises PublishingError while nothing can be published, and what the connection raises; what was accepted by then
    is deleted.
    """
    if fault := publish([]).fault:
        raise PublishingError(fault)
    with take_connection() as connection, connection.transaction():
        if ordered and not _is_alone(connection):
            return False
        events = _claim(connection, batch)
        if not events:
            return False
        publication = publish(events)
        _settle(connection, publication)
    for event_id, reason in publication.refused.items():
        logger.warning("refused; another attempt follows", extra={"event_id": str(event_id), "reason": reason})
    if publication.fault:
        raise PublishingError(publication.fault)
    return len(events) == batch or len(events) > len(publication.accepted) + len(publication.refused)


def relay_all(
    connection: Connection[Any], publish: Publish, batch: int, *, seconds: float, ordered: bool = False
) -> None:
    """Publishes batch after batch until nothing is due any more; begins none once so many seconds have passed.

    Raises what `relay` does.
    """

    @contextmanager
    def take() -> Iterator[Connection[Any]]:
        yield connection

    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not relay(take, publish, batch, ordered=ordered):
            return


def backlog(connection: Connection[Any]) -> Backlog:
    """What is still to be published."""
    row = connection.execute(
        "SELECT count(*), COALESCE(EXTRACT(EPOCH FROM now() - min(created_at)), 0)::float8 FROM outbox"
    ).fetchone()
    events, oldest_seconds = row or (0, 0.0)
    return Backlog(events=events, oldest_seconds=oldest_seconds)


def _is_alone(connection: Connection[Any]) -> bool:
    """Whether no other relay is at work; none begins until the transaction ends."""
    row = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (_ORDERED,)).fetchone()
    return bool(row and row[0])


def _seconds_until_due(connection: Connection[Any]) -> float | None:
    row = connection.execute("SELECT EXTRACT(EPOCH FROM min(due_at) - now())::float8 FROM outbox").fetchone()
    seconds: float | None = row[0] if row else None
    # What is overdue is in the hands of another relay, or of one that has been cut off.
    return None if seconds is None else max(seconds, _LOOK_SECONDS)


def _claim(connection: Connection[Any], batch: int) -> list[Event]:
    rows = connection.execute(
        """
        SELECT id, topic, payload FROM outbox WHERE due_at <= now()
        ORDER BY position LIMIT %s FOR UPDATE SKIP LOCKED
        """,
        (batch,),
    )
    return [Event(id=event_id, topic=topic, payload=payload) for event_id, topic, payload in rows]


def _settle(connection: Connection[Any], publication: Publication) -> None:
    if publication.accepted:
        connection.execute("DELETE FROM outbox WHERE id = ANY(%s)", (list(publication.accepted),))
    if publication.refused:
        connection.execute(
            """
            UPDATE outbox
            SET attempts = attempts + 1, last_error = reason,
                due_at = now() + make_interval(secs => LEAST(power(2, LEAST(attempts, 10)), %s))
            FROM unnest(%s::uuid[], %s::text[]) AS refused (refused_id, reason)
            WHERE id = refused_id
            """,
            (_MAX_PAUSE_SECONDS, list(publication.refused), list(publication.refused.values())),
        )
