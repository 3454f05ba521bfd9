"""Sending again what failed: out of the database, and out of the dead-letter queue.

Nothing is sent from here. A notification is set back to queued together with a row in the outbox, and a relay puts it
on the queue. Doing it again finds nothing left to do: what is queued or sent is left alone.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from services import store, store_replay
from services.dead_letters import DeadLetter, DeadLetterQueue
from services.messages import Channel, MalformedMessageError, Message
from services.store import Status
from services.store_replay import Selection

# Most notifications that one call sends again.
MAX_REPLAY = 1000
DEFAULT_REPLAY = 100
# In one transaction: with the largest bodies that takes 2 s, where the database gives up on a statement after 10.
_PART = 100
# For a request, which somebody waits for.
_SECONDS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """What was queued again, the oldest first.

    more: whether there are failed ones left that were asked for, beyond the limit or the time.
    """

    ids: list[UUID]
    more: bool


def replay(connection: Connection[Any], notification_id: UUID, *, owner: str | None = None) -> Status | None:
    """Queues a notification again if it has failed; its status from then on, None if the owner has none of this id.

    One that is being delivered at its last attempt counts as failed, and stays so until that has ended.
    """
    if store_replay.requeue(connection, notification_id, owner=owner):
        return Status.QUEUED
    found = store.find(connection, notification_id, owner=owner)
    return found.status if found else None


def replay_failed(
    connection: Connection[Any], selection: Selection, limit: int, *, seconds: float = _SECONDS
) -> Replayed:
    """Queues up to `limit` of the failed notifications again that are meant, in transactions of up to 100 each.

    What one of them has queued stays so, whatever becomes of the next.
    seconds: after which no other transaction is begun; the first one is, whatever they are.
    """
    deadline = time.monotonic() + seconds
    ids: list[UUID] = []
    while len(ids) < limit:
        part = min(limit - len(ids), _PART)
        with connection.transaction():
            queued = store_replay.requeue_failed(connection, selection, part)
        ids += queued
        if len(queued) < part:
            return Replayed(ids=ids, more=False)
        if time.monotonic() >= deadline:
            break
    return Replayed(ids=ids, more=store_replay.has_failed(connection, selection))


@dataclass(slots=True)
class LetterCounts:
    """What became of dead letters, each counted once.

    queued: their notifications were queued again. settled: were sent before, or are on their way: there was nothing to
    do. busy: are in the hands of a worker; they stay where they are, for one that is called later.
    malformed: no notification can be made of them, or none is known that they are about; they stay as well.
    """

    queued: int = 0
    settled: int = 0
    busy: int = 0
    malformed: int = 0


def replay_letters(
    connection: Connection[Any],
    queue: DeadLetterQueue,
    *,
    limit: int,
    seconds: float,
    channel: Channel | None = None,
    other_producers: bool = False,
) -> LetterCounts:
    """Reads up to `limit` messages of the dead-letter queue, and queues their notifications again.

    A message is deleted once its notification is stored as queued: whatever happens in between, it is read again and
    found to be settled. Malformed ones stay, and so do those of other channels than `channel`, and those whose
    notification a worker has: should it not end well, no other message would be left.
    seconds: after which no other batch is begun. other_producers: whether a message of a notification that is not
    stored is one, or is malformed.
    Raises DeadLettersUnavailableError, and what the connection raises.
    """
    reading = _Reading(connection, queue, channel, other_producers)
    deadline = time.monotonic() + seconds
    try:
        while len(reading.fates) < limit and time.monotonic() < deadline:
            if not reading.read(limit - len(reading.fates)):
                break
    finally:
        queue.release(reading.kept)
    return LetterCounts(**{fate: count for fate, count in Counter(reading.fates.values()).items() if fate})


_Fate = Literal["queued", "settled", "busy", "malformed"]


@dataclass(slots=True)
class _Reading:
    """One pass through a dead-letter queue. What stays is hidden until its end: it would be received ever again."""

    connection: Connection[Any]
    queue: DeadLetterQueue
    channel: Channel | None
    other_producers: bool
    # Of each message the figure it counts for, by its id; None if it is of another channel.
    fates: dict[str, _Fate | None] = field(default_factory=dict)
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
                self.fates[letter.message_id] = "malformed"
                continue
            if self.channel in (None, message.channel):
                messages[letter.message_id] = message
            else:
                self.kept.append(letter)
                self.fates[letter.message_id] = None
        if messages:
            self._settle([letter for letter in letters if letter.message_id in messages], messages)
        return True

    def _settle(self, letters: Sequence[DeadLetter], messages: dict[str, Message]) -> None:
        requeued = store_replay.requeue_messages(self.connection, list(messages.values()), create=self.other_producers)
        unknown = [letter for letter in letters if messages[letter.message_id].id in requeued.unknown]
        busy = [letter for letter in letters if messages[letter.message_id].id in requeued.busy]
        letters = [letter for letter in letters if letter not in busy and letter not in unknown]
        self.queue.delete(letters)
        self.kept += busy + unknown
        self.fates |= {letter.message_id: "malformed" for letter in unknown}
        self._went_on |= bool(letters)
        for letter in busy:
            self.fates.setdefault(letter.message_id, "busy")
        queued = set(requeued.queued)
        for letter in letters:
            # Of two letters with one id, the first has it queued, and the other finds it so.
            notification_id = messages[letter.message_id].id
            fate: _Fate = "queued" if notification_id in queued else "settled"
            queued.discard(notification_id)
            # One that could not be deleted comes again, and is what it was at first.
            if self.fates.get(letter.message_id, "busy") == "busy":
                self.fates[letter.message_id] = fate

    def _uncover(self) -> bool:
        """In a FIFO queue: shows what stays, if there may be more behind it than there was before."""
        if not (self.queue.ordered and self.kept and self._went_on):
            return False
        self.queue.release(self.kept)
        self.kept, self._went_on = [], False
        return True
