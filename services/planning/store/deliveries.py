"""What the notifier does: take rendered notifications under a lease and record how their delivery went."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from services.messages import Channel, Message

Database = Connection[Any]

MAX_ATTEMPTS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A notification to be delivered by the claimant. attempt: counts this one, and stands for the lease."""

    id: UUID
    channel: Channel
    recipient: str
    subject: str | None
    body: str
    planned_for: datetime
    attempt: int

    @property
    def message(self) -> Message:
        """What the channels deliver; its id, the same in every attempt, is the key by which receivers know it."""
        return Message.model_construct(
            id=self.id, channel=Channel(self.channel), recipient=self.recipient, subject=self.subject, body=self.body
        )


def claim(database: Database, *, limit: int, lease_seconds: float) -> list[Claim]:
    """Takes up to `limit` notifications that are free, for `lease_seconds`; after that, they are free again."""
    with database.cursor(row_factory=class_row(Claim)) as cursor:
        return cursor.execute(
            """
            WITH free AS (
                SELECT id FROM notifications WHERE status = 'ready' AND free_at <= now() AND attempts < %s
                ORDER BY free_at LIMIT %s FOR UPDATE SKIP LOCKED
            )
            UPDATE notifications AS claimed
            SET attempts = attempts + 1, free_at = now() + %s * interval '1 second', updated_at = now()
            FROM free, schedules
            WHERE claimed.id = free.id AND schedules.id = claimed.schedule_id
            RETURNING claimed.id, channel, recipient, claimed.subject, claimed.body,
                claimed.planned_for, attempts AS attempt
            """,
            (MAX_ATTEMPTS, limit, lease_seconds),
        ).fetchall()


def give_up(database: Database) -> int:
    """Fails what was taken for its last attempt by a notifier that never came back; returns how many."""
    return database.execute(
        """
        UPDATE notifications
        SET status = 'failed', subject = NULL, body = NULL, updated_at = now(),
            last_error = format('taken %%s times, and no notifier told what became of the last', attempts)
        WHERE id IN (
            SELECT id FROM notifications WHERE status = 'ready' AND free_at <= now() AND attempts >= %s
            -- What another one is about to change has another round.
            FOR UPDATE SKIP LOCKED
        )
        """,
        (MAX_ATTEMPTS,),
    ).rowcount


def record_sent(database: Database, claim: Claim) -> None:
    """Records a delivery. It happened, so it counts even if the lease had run out and another one has it by now.

    The text has had its use: it is not kept, nor is that of what failed.
    """
    database.execute(
        """
        UPDATE notifications
        SET status = 'sent', subject = NULL, body = NULL, sent_at = now(), last_error = NULL, updated_at = now()
        WHERE id = %s AND status <> 'sent'
        """,
        (claim.id,),
    )


def record_failed(database: Database, claim: Claim, reason: str) -> None:
    """Records that no attempt will do better, unless another notifier has it by now."""
    _record_failure(database, claim, reason, status="failed", pause_seconds=0)


def record_retry(database: Database, claim: Claim, reason: str, *, pause_seconds: float) -> None:
    """Lets the notification go for another attempt after a pause, unless another notifier has it by now."""
    _record_failure(database, claim, reason, status="ready", pause_seconds=pause_seconds)


def _record_failure(database: Database, claim: Claim, reason: str, *, status: str, pause_seconds: float) -> None:
    again = status == "ready"
    database.execute(
        """
        UPDATE notifications
        SET status = %s, subject = CASE WHEN %s THEN subject END, body = CASE WHEN %s THEN body END, last_error = %s,
            free_at = now() + %s * interval '1 second', updated_at = now()
        WHERE id = %s AND status = 'ready' AND attempts = %s
        """,
        (status, again, again, reason, pause_seconds, claim.id, claim.attempt),
    )
