"""What becomes of a batch of queue messages."""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any
from uuid import UUID, uuid4

from services import store
from services.channels import Deliver
from services.database import DatabaseUnavailableError, WarmConnection
from services.delivery import THREADS, Job, Lane, UnfinishedError, Verdict, deliver_all
from services.failures import PermanentError
from services.messages import Channel, MalformedMessageError, Message
from services.receiving import (
    MAX_DELAY_SECONDS,
    ConsumedQueue,
    ParkingError,
    Record,
    outage_delay_seconds,
    retry_delay_seconds,
)
from services.store import Claim, Due, Outcome, Status
from services.text import excerpt

logger = logging.getLogger(__name__)

# Shares of the time that a batch has, and their bounds: how long to wait for a database that fails over or resumes,
# what is kept for recording and parking once the deliveries are done, and how long to wait for the database then.
_PATIENCE_SHARE, MAX_PATIENCE_SECONDS = 0.3, 15.0
_CLOSING_SHARE, MAX_CLOSING_SECONDS = 0.5, 28.0
_RECORD_PATIENCE_SHARE, MAX_RECORD_PATIENCE_SECONDS = 0.1, 3.0
# When the server gives up on a statement: claiming and recording a batch take milliseconds.
STATEMENT_SECONDS = 4
_MAX_ERROR_CHARACTERS = 500
_UNKNOWN = "unknown: the database holds no notification with this id, and no other producer is allowed"


@dataclass(slots=True)
class BatchReport:
    """How a batch went.

    returned: by message id, why SQS is to hand the message over again.
    counts: notifications sent, skipped (sent before), failed for good and retried; messages malformed, among them those
    of no notification that is known.
    """

    returned: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    """Delivers batches; kept by the function over its invocations. Not for several threads.

    other_producers: whether a message of a notification that is not stored is one, or is parked.
    """

    connection: WarmConnection
    channels: Mapping[Channel, Deliver]
    queue: ConsumedQueue
    max_receive_count: int
    longest_delay_seconds: int = MAX_DELAY_SECONDS
    other_producers: bool = False

    def handle(self, event_records: Iterable[Mapping[str, Any]], *, seconds: float) -> BatchReport:
        """Delivers what can be delivered within so many seconds, and records it.

        Raises ValueError for a record without messageId.
        """
        return _Batch(self, seconds).handle([Record.of(record) for record in event_records])


class _Batch:
    def __init__(self, worker: Worker, seconds: float) -> None:
        self._worker = worker
        self._patience = min(seconds * _PATIENCE_SHARE, MAX_PATIENCE_SECONDS)
        self._closing = min(seconds * _CLOSING_SHARE, MAX_CLOSING_SECONDS)
        self._record_patience = min(seconds * _RECORD_PATIENCE_SHARE, MAX_RECORD_PATIENCE_SECONDS)
        # Whose the claims of this batch are, and for how long.
        self._id = uuid4()
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._report = BatchReport()
        self._delays: list[tuple[Record, int]] = []

    def handle(self, records: Sequence[Record]) -> BatchReport:
        jobs = self._sort_out(records)
        if jobs:
            self._deliver(jobs)
        self._worker.queue.delay(self._delays)
        return self._report

    def _sort_out(self, records: Sequence[Record]) -> list[Job]:
        """Parks what is malformed; returns one job per notification, in the order of the batch."""
        messages: dict[str, Message] = {}
        malformed: dict[str, str] = {}
        for record in records:
            try:
                messages[record.message_id] = Message.from_json(record.body)
            except MalformedMessageError as error:
                malformed[record.message_id] = f"malformed: {error}"
        parked = self._park(
            [(record, malformed[record.message_id]) for record in records if record.message_id in malformed]
        )
        self._report.counts["malformed"] += len(parked)
        jobs: dict[UUID, Job] = {}
        held_groups: set[str] = set()
        for record in records:
            if record.group_id in held_groups:
                self._return(record, "waits for an earlier message of its group")
            elif record.message_id in messages:
                message = messages[record.message_id]
                jobs.setdefault(message.id, Job(message)).records.append(record)
            elif record.message_id not in parked and record.group_id:
                held_groups.add(record.group_id)
        return list(jobs.values())

    def _deliver(self, jobs: list[Job]) -> None:
        due = [Due(message=job.message, last=self._is_last(job)) for job in jobs]
        try:
            claims = self._worker.connection.run(
                lambda connection: store.claim(
                    connection, due, by=self._id, seconds=self._seconds, create=self._worker.other_producers
                ),
                patience_seconds=self._patience,
            )
        except DatabaseUnavailableError as error:
            # Which of them have been sent before is unknown now, so that none is.
            self._return_all(jobs, f"the database is not available: {error}", outage=True)
            return
        ours = self._ours(jobs, claims)
        verdicts = deliver_all(_lanes(ours), self._worker.channels, deadline=self._deadline - self._closing)
        if ours:
            self._settle(ours, verdicts, claims)

    def _ours(self, jobs: Sequence[Job], claims: Mapping[UUID, Claim]) -> list[Job]:
        """What is to be delivered by this batch: neither sent before, nor in the hands of another.

        It is what the database holds: a message says no more than which notification it is about.
        """
        ours = []
        held_groups: set[str] = set()
        unknown: list[tuple[Record, str]] = []
        for job in jobs:
            claim, group = claims[job.message.id], job.records[0].group_id
            if not claim.known:
                unknown += [(record, _UNKNOWN) for record in job.records]
            elif claim.status is Status.SENT:
                self._report.counts["skipped"] += 1
            elif claim.held_seconds or group in held_groups:
                self._return_all([job], "another copy is being delivered", ceil(claim.held_seconds))
                held_groups.update([group] if group else [])
            else:
                ours.append(_as_stored(job, claim))
        self._report.counts["malformed"] += len(self._park(unknown))
        return ours

    def _settle(self, jobs: list[Job], verdicts: Mapping[UUID, Verdict], claims: Mapping[UUID, Claim]) -> None:
        """Records what came of the deliveries, and only then lets go of the messages."""
        outcomes = [self._outcome(job, verdicts, claims[job.message.id].attempts) for job in jobs]
        try:
            self._worker.connection.run(
                lambda connection: store.record(connection, outcomes), patience_seconds=self._record_patience
            )
        except DatabaseUnavailableError as error:
            # Those that were sent are sent again: their receivers can tell by the key, the database cannot. Not before
            # the claims end.
            self._return_all(jobs, f"delivered or not, it could not be recorded: {error}", self._claimed_seconds)
            return
        rejected = []
        for job, outcome in zip(jobs, outcomes, strict=True):
            verdict = verdicts.get(job.message.id)
            if outcome.status is Status.SENT:
                self._report.counts["sent"] += 1
            elif isinstance(verdict, PermanentError):
                rejected.append((job.records[0], outcome.last_error or ""))
                self._report.counts["failed"] += 1
            elif verdict is None:
                self._return_all([job], outcome.last_error or "")
                self._report.counts["failed"] += outcome.status is Status.FAILED
            else:
                # One that still goes on must not be begun by another beside it.
                pause = self._claimed_seconds if outcome.held else verdict.retry_after_seconds
                self._return_all([job], outcome.last_error or "", pause)
                self._report.counts["failed" if outcome.status is Status.FAILED else "retried"] += 1
        self._park(rejected)

    def _outcome(self, job: Job, verdicts: Mapping[UUID, Verdict], attempts: int) -> Outcome:
        status = Status.FAILED if self._is_last(job) else Status.QUEUED
        if job.message.id not in verdicts:
            return Outcome(
                message=job.message,
                status=status,
                attempts=attempts,
                last_error="not begun: it waits for an earlier message of its group, or there was no time left",
            )
        verdict = verdicts[job.message.id]
        if verdict is None:
            return Outcome(message=job.message, status=Status.SENT, attempts=attempts + 1)
        if isinstance(verdict, PermanentError):
            status = Status.FAILED
        error = excerpt(str(verdict), _MAX_ERROR_CHARACTERS)
        logger.warning(
            "not delivered",
            extra={
                "message_id": job.records[0].message_id,
                "notification_id": str(job.message.id),
                "channel": job.message.channel.value,
                "status": status.value,
                "attempts": attempts + 1,
                "reason": error,
            },
        )
        return Outcome(
            message=job.message,
            status=status,
            attempts=attempts + 1,
            last_error=error,
            held=isinstance(verdict, UnfinishedError),
        )

    @property
    def _claimed_seconds(self) -> int:
        """For how much longer the claims of this batch last."""
        return ceil(max(self._deadline - time.monotonic(), 0))

    def _is_last(self, job: Job) -> bool:
        """Whether SQS moves the message to the dead-letter queue by itself if this attempt fails: its last copy's."""
        return all(self._is_last_receive(record) for record in job.records)

    def _park(self, items: Sequence[tuple[Record, str]]) -> set[str]:
        """Moves messages to the dead-letter queue, all at the same time; returns the ids of those that arrived.

        The others are returned to the queue.
        """
        if not items:
            return set()

        def park(item: tuple[Record, str]) -> str | None:
            try:
                self._worker.queue.park(*item)
            except ParkingError as error:
                return str(error)
            return None

        with ThreadPoolExecutor(THREADS, thread_name_prefix="park") as executor:
            faults = list(executor.map(park, items))
        parked = set()
        for (record, reason), fault in zip(items, faults, strict=True):
            if fault is None:
                parked.add(record.message_id)
                logger.warning("parked", extra={"message_id": record.message_id, "reason": reason})
            else:
                self._return(record, fault)
        return parked

    def _return_all(
        self, jobs: Sequence[Job], reason: str, retry_after_seconds: int = 0, *, outage: bool = False
    ) -> None:
        for job in jobs:
            for record in job.records:
                pause = outage_delay_seconds(record.receive_count) if outage else retry_after_seconds
                self._return(record, reason, pause)

    def _return(self, record: Record, reason: str, retry_after_seconds: int = 0) -> None:
        self._report.returned[record.message_id] = reason
        # There is no retry to wait for after the last receive: the next one is the move to the dead-letter queue.
        last = self._is_last_receive(record)
        delay = 0 if last else retry_delay_seconds(record.receive_count, retry_after_seconds)
        self._delays.append((record, min(delay, self._worker.longest_delay_seconds)))

    def _is_last_receive(self, record: Record) -> bool:
        return record.receive_count >= self._worker.max_receive_count


def _as_stored(job: Job, claim: Claim) -> Job:
    if claim.stored is None or claim.stored == job.message:
        return job
    logger.warning(
        "a message is not what is stored, which is delivered instead",
        extra={"message_id": job.records[0].message_id, "notification_id": str(job.message.id)},
    )
    return replace(job, message=claim.stored)


def _lanes(jobs: Sequence[Job]) -> list[Lane]:
    """Jobs of one message group keep their order; all others go side by side."""
    lanes: dict[object, list[Job]] = {}
    for job in jobs:
        lanes.setdefault(job.records[0].group_id or job.message.id, []).append(job)
    return list(lanes.values())
