"""Sending again what failed: out of the database, and out of the dead-letter queue.

Nothing is sent from here. A notification is set back to queued together with a row in the outbox, and a relay puts it
on the queue. Doing it again finds nothing left to do: what is queued or sent is left alone.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import Connection

from services import store, store_replay
from services.dead_letters import DeadLetter, DeadLetterQueue
from services.messages import Channel, MalformedMessageError, Message
from services.store import Status
from services.store_replay import Selection

# Most notifications that one call sends again: statements of seconds, not of minutes.
MAX_REPLAY = 1000
DEFAULT_REPLAY = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """What was queued again, the oldest first. more: whether there are failed ones left that were asked for."""

    ids: list[UUID]
    more: bool


def replay(connection: Connection[Any], notification_id: UUID) -> Status | None:
    """Queues a notification again if it has failed; its status from then on, None if there is no such notification.

    One that is being delivered at its last attempt counts as failed, and stays so until that has ended.
    """
    if store_replay.requeue(connection, notification_id):
        return Status.QUEUED
    found = store.find(connection, notification_id)
    return found.status if found else None


def replay_failed(connection: Connection[Any], selection: Selection, limit: int) -> Replayed:
    """Queues up to `limit` of the failed notifications again that are meant, in one transaction."""
    with connection.transaction():
        ids = store_replay.requeue_failed(connection, selection, limit)
        return Replayed(ids=ids, more=len(ids) == limit and store_replay.has_failed(connection, selection))


@dataclass(slots=True)
class LetterCounts:
    """What became of dead letters, each counted once.

    queued: their notifications were queued again. settled: were sent before, or are on their way: there was nothing to
    do. malformed: no notification can be made of them; they stay where they are.
    """

    queued: int = 0
    settled: int = 0
    malformed: int = 0


def replay_letters(
    connection: Connection[Any],
    queue: DeadLetterQueue,
    *,
    limit: int,
    seconds: float,
    channel: Channel | None = None,
) -> LetterCounts:
    """Reads up to `limit` messages of the dead-letter queue, and queues their notifications again.

    A message is deleted once its notification is stored as queued: whatever happens in between, it is read again and
    found to be settled. Malformed ones stay, and so do those of other channels than `channel`.
    seconds: after which no other batch is begun.
    Raises DeadLettersUnavailableError, and what the connection raises.
    """
    reading = _Reading(connection, queue, channel)
    deadline = time.monotonic() + seconds
    try:
        while len(reading.seen) < limit and time.monotonic() < deadline:
            if not reading.read(limit - len(reading.seen)):
                break
    finally:
        queue.release(reading.kept)
    return reading.counts


@dataclass(slots=True)
class _Reading:
    """One pass through a dead-letter queue. What stays is hidden until its end: it would be received ever again."""

    connection: Connection[Any]
    queue: DeadLetterQueue
    channel: Channel | None
    counts: LetterCounts = field(default_factory=LetterCounts)
    seen: set[str] = field(default_factory=set)
    kept: list[DeadLetter] = field(default_factory=list)
    _went_on: bool = False

    def read(self, most: int) -> bool:
        """Works off one batch; False if there is nothing to come."""
        letters = self.queue.receive(most)
        if not letters:
            return self._uncover()
        messages: dict[str, Message] = {}
        for letter in letters:
            try:
                message = Message.from_json(letter.body)
            except MalformedMessageError:
                self.kept.append(letter)
                self.counts.malformed += letter.message_id not in self.seen
                continue
            if self.channel in (None, message.channel):
                messages[letter.message_id] = message
            else:
                self.kept.append(letter)
        if messages:
            self._settle([letter for letter in letters if letter.message_id in messages], messages)
        self.seen |= {letter.message_id for letter in letters}
        return True

    def _settle(self, letters: Sequence[DeadLetter], messages: dict[str, Message]) -> None:
        queued = store_replay.requeue_messages(self.connection, list(messages.values()))
        self.queue.delete(letters)
        self._went_on = True
        for letter in letters:
            if letter.message_id in self.seen:
                continue
            # Of two letters with one id, the first has it queued, and the other finds it so.
            notification_id = messages[letter.message_id].id
            self.counts.queued += notification_id in queued
            self.counts.settled += notification_id not in queued
            queued.discard(notification_id)

    def _uncover(self) -> bool:
        """In a FIFO queue: shows what stays, if there may be more behind it than there was before."""
        if not (self.queue.ordered and self.kept and self._went_on):
            return False
        self.queue.release(self.kept)
        self.kept, self._went_on = [], False
        return True
