"""Delivering the messages of one batch at the same time, within a bound on time."""

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Event
from uuid import UUID

from services.channels import Deliver
from services.failures import PermanentError, TransientError
from services.logs import without_values
from services.messages import Channel, Message
from services.receiving import Record

logger = logging.getLogger(__name__)

# As many as a batch has messages.
THREADS = 10


@dataclass(frozen=True, slots=True)
class Job:
    """One notification and the records of the batch that ask for it: several if it was queued more than once."""

    message: Message
    records: list[Record] = field(default_factory=list)


class UnfinishedError(TransientError):
    """The delivery goes on after all that it was given the time for; it may still succeed."""


# None: delivered.
Verdict = PermanentError | TransientError | None
# Jobs that must be delivered one after the other, and not past a failure.
Lane = Sequence[Job]


def deliver_all(lanes: Sequence[Lane], channels: Mapping[Channel, Deliver], *, deadline: float) -> dict[UUID, Verdict]:
    """Delivers each lane in its order, all lanes at the same time; returns by the deadline (of time.monotonic).

    What was not finished then has an UnfinishedError, although it may still succeed. A job that was not begun has
    no verdict: it stands behind a passing failure of its lane, or there was no time left.
    """
    verdicts: dict[UUID, Verdict] = {}
    begun: set[UUID] = set()
    stop = Event()

    def run(lane: Lane) -> None:
        for job in lane:
            if stop.is_set() or time.monotonic() >= deadline:
                return
            begun.add(job.message.id)
            verdict = _deliver(job.message, channels)
            verdicts[job.message.id] = verdict
            if isinstance(verdict, TransientError):
                return

    executor = ThreadPoolExecutor(THREADS, thread_name_prefix="deliver")
    running = {executor.submit(run, lane): lane for lane in lanes}
    _, unfinished = wait(running, timeout=max(deadline - time.monotonic(), 0))
    stop.set()
    # Not waited for: each channel ends what it is at within a time of its own.
    executor.shutdown(wait=False, cancel_futures=True)
    decided = dict(verdicts)
    for future in unfinished:
        current = next((job for job in running[future] if job.message.id not in decided), None)
        if current is not None and current.message.id in begun:
            decided[current.message.id] = UnfinishedError("the delivery did not end in time")
    return decided


def _deliver(message: Message, channels: Mapping[Channel, Deliver]) -> Verdict:
    try:
        channels[message.channel](message)
    except (PermanentError, TransientError) as failure:
        return failure
    except Exception as error:  # noqa: BLE001  # one message must never take its batch with it
        # Without the error's text, which may quote the message.
        logger.error(  # noqa: TRY400
            "unexpected error", extra={"notification_id": str(message.id), **without_values(error)}
        )
        return TransientError(f"unexpected {type(error).__name__}")
    return None
