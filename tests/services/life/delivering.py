"""The real worker, whose connection and channels fail where a test wants, and what it did."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from itertools import cycle
from threading import Lock
from typing import Any, TypeVar
from uuid import UUID

from psycopg import Connection

from services.database import Database, DatabaseUnavailableError, WarmConnection
from services.failures import PermanentError, TransientError
from services.messages import Channel, MalformedMessageError, Message
from services.receiving import ConsumedQueue
from services.worker import Worker
from tests.services.life.sqs import DEAD_LETTER_URL, MAX_RECEIVES, Sent, Sqs

T = TypeVar("T")

# What a worker has for a batch, and how long its claims hold.
SECONDS = 20.0


class Verdict(StrEnum):
    """How a channel answers."""

    DELIVERED = "delivered"
    TRANSIENT = "transient"
    PERMANENT = "permanent"
    UNEXPECTED = "unexpected"


class Fault(StrEnum):
    """What happens to the worker within a batch, and where."""

    NONE = "none"
    REPEATED = "each statement is executed twice, as after an answer that was lost"
    NOT_CLAIMED = "the database is away before the claim"
    KILLED_AT_FIRST = "killed before the claim"
    CLAIM_UNKNOWN = "the database is away after the claim"
    KILLED_CLAIMED = "killed between claim and delivery"
    KILLED_DELIVERED = "killed between delivery and record"
    NOT_RECORDED = "the database is away between delivery and record"
    RECORD_UNKNOWN = "the database is away after the record"
    KILLED_RECORDED = "killed after the record"


class KilledError(BaseException):
    """Ends a worker where it stands; nothing in it catches it."""


NO_CLAIM = {Fault.NOT_CLAIMED, Fault.KILLED_AT_FIRST}
_BEFORE_CLAIM = {Fault.NOT_CLAIMED: DatabaseUnavailableError, Fault.KILLED_AT_FIRST: KilledError}
_AFTER_CLAIM = {Fault.CLAIM_UNKNOWN: DatabaseUnavailableError, Fault.KILLED_CLAIMED: KilledError}
_BEFORE_RECORD = {Fault.NOT_RECORDED: DatabaseUnavailableError, Fault.KILLED_DELIVERED: KilledError}
_AFTER_RECORD = {Fault.RECORD_UNKNOWN: DatabaseUnavailableError, Fault.KILLED_RECORDED: KilledError}


class _Line(WarmConnection):
    """The worker's connection, with a fault. A worker uses it to claim, and then to record."""

    fault = Fault.NONE
    steps = 0

    @property
    def recorded(self) -> bool:
        return self.steps == 2

    def run(self, operation: Callable[[Connection[Any]], T], *, patience_seconds: float) -> T:
        before, after = ((_BEFORE_CLAIM, _AFTER_CLAIM), (_BEFORE_RECORD, _AFTER_RECORD))[self.steps]
        if self.fault in before:
            raise before[self.fault](self.fault)
        if self.fault is Fault.REPEATED:
            super().run(operation, patience_seconds=patience_seconds)
        result = super().run(operation, patience_seconds=patience_seconds)
        self.steps += 1
        if self.fault in after:
            raise after[self.fault](self.fault)
        return result


class Tally:
    """What the workers did, by notification.

    delivered: how often a channel said so. unrecorded: how many of these nobody recorded, or only after another one.
    attempts: how many of all attempts were recorded. sent: whose delivery was. stranded: notifications one of whose
    messages was handed over for the last time without anybody having been able to write that down.
    """

    def __init__(self) -> None:
        self.delivered = Counter[UUID]()
        self.unrecorded = Counter[UUID]()
        self.attempts = Counter[UUID]()
        self.sent: set[UUID] = set()
        self.stranded: set[UUID] = set()


class Delivering:
    """A worker with its connection."""

    def __init__(self, database: Database, sqs: Sqs, tally: Tally) -> None:
        self._sqs = sqs
        self._tally = tally
        self._line = _Line(database)
        self._lock = Lock()
        self._tried: dict[UUID, Verdict] = {}
        self._script: dict[UUID, Verdict] = {}
        self._meanwhile: Callable[[], None] | None = None
        self._error: BaseException | None = None
        self._worker = Worker(
            connection=self._line,
            channels=dict.fromkeys(Channel, self._deliver),
            queue=ConsumedQueue(DEAD_LETTER_URL),
            max_receive_count=MAX_RECEIVES,
            other_producers=True,
        )

    def close(self) -> None:
        """Closes the connection."""
        self._line.close()

    def handle(
        self,
        messages: Sequence[Sent],
        verdicts: Sequence[Verdict],
        fault: Fault,
        meanwhile: Callable[[], None] | None = None,
        *,
        late: bool = False,
    ) -> None:
        """Has a batch handled, as Lambda does: what comes back without a complaint is deleted from the queue.

        verdicts: of the channels, in turn. meanwhile: called once, during the first delivery. late: whether
        the claims end before the worker does.
        """
        self._line.fault, self._line.steps = fault, 0
        self._tried, self._meanwhile = {}, meanwhile
        attempts = self._tally.attempts.copy()
        wanted = [notification for each in messages if (notification := notification_of(each.body))]
        self._script = dict(zip(wanted, cycle(verdicts), strict=False))
        if fault in NO_CLAIM:
            last = (notification_of(each.body) for each in messages if each.receives == MAX_RECEIVES)
            self._tally.stranded.update(each for each in last if each)
        if fault is Fault.CLAIM_UNKNOWN:
            # Its messages may come back for the last time while this claim, which nobody knows of, still holds.
            self._tally.stranded.update(wanted)
        try:
            report = self._worker.handle([each.record() for each in messages], seconds=SECONDS)
        except KilledError:
            # Nobody answers: SQS hands all of them over again, when they are no longer hidden.
            return
        finally:
            self._count(attempts, late=late)
            if self._error:
                raise self._error
        for each in messages:
            if each.id not in report.returned:
                self._sqs.messages.remove(each)

    def _count(self, attempts: Mapping[UUID, int], *, late: bool) -> None:
        tally = self._tally
        for notification, verdict in self._tried.items():
            delivered = verdict is Verdict.DELIVERED
            tally.delivered[notification] += delivered
            if not self._line.recorded or (late and notification in tally.sent):
                tally.unrecorded[notification] += delivered
                continue
            # Two of which one is late count as the same attempt: both began after the same number of others.
            tally.attempts[notification] = max(tally.attempts[notification], attempts[notification] + 1)
            if delivered:
                tally.sent.add(notification)

    def _deliver(self, message: Message) -> None:
        with self._lock:
            meanwhile, self._meanwhile = self._meanwhile, None
        try:
            if meanwhile:
                meanwhile()
        except BaseException as error:
            # The worker takes it for a fault of the channel.
            self._error = error
            raise
        verdict = self._tried[message.id] = self._script[message.id]
        if verdict is Verdict.TRANSIENT:
            raise TransientError("try again")
        if verdict is Verdict.PERMANENT:
            raise PermanentError("never")
        if verdict is Verdict.UNEXPECTED:
            raise RuntimeError


def notification_of(body: str) -> UUID | None:
    """The notification that a message asks for; None if it is malformed."""
    try:
        return Message.from_json(body).id
    except MalformedMessageError:
        return None
