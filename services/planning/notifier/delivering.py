"""The notifier's work: deliver what is ready, several at a time, and record how it went."""

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from typing import Any

import psycopg
from prometheus_client import Counter, Histogram

from services.background import Loop
from services.channels import Deliver
from services.database import DatabaseUnavailableError
from services.failures import PermanentError, TransientError
from services.logs import without_values
from services.messages import Channel
from services.planning.connections import Connections
from services.planning.store import deliveries
from services.planning.store.deliveries import MAX_ATTEMPTS, Claim
from services.receiving import retry_delay_seconds
from services.text import excerpt

logger = logging.getLogger(__name__)

_DELIVERED = Counter(
    "notifications_delivered", "Attempts at delivery, by outcome: sent, retried, failed.", ["channel", "outcome"]
)
_DELAY = Histogram(
    "notification_delay_seconds",
    "From the time a notification was planned for to its delivery.",
    buckets=(0.5, 1, 2, 3, 5, 10, 30, 60, 300, 3600),
)

# Deliveries at the same time.
_SLOTS = 8
# Longer than a channel takes at most (some 15 s), so that a notification is taken over only from who is gone, and
# with time left to record the outcome over a short absence of the database.
LEASE_SECONDS = 60.0
_RECORD_PAUSE_SECONDS = 1.0
_POLL_SECONDS = 0.5
_GIVE_UP_SECONDS = 15.0
_MAX_REASON_CHARACTERS = 500

_Record = Callable[[psycopg.Connection[Any]], None]


class Notifier:
    """Delivers until it is stopped. A notification is delivered at least once, under the same key every time.

    lease_seconds: after which another notifier takes over what this one has not told the outcome of.
    """

    def __init__(
        self, connections: Connections, channels: Mapping[Channel, Deliver], *, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        self._connections = connections
        self._channels = channels
        self._lease_seconds = lease_seconds
        self._executor = ThreadPoolExecutor(_SLOTS, thread_name_prefix="deliver")
        self._under_way: set[Future[None]] = set()
        self._look_for_lost = 0.0
        self._loop = Loop("notifier", self._take, idle_seconds=_POLL_SECONDS)

    def start(self) -> None:
        """Begins; returns at once."""
        self._loop.start()

    def stop(self) -> None:
        """Takes nothing more; returns at once."""
        self._loop.stop()

    def join(self, timeout_seconds: float) -> bool:
        """Waits for the deliveries under way; False if they do not end in time."""
        deadline = time.monotonic() + timeout_seconds
        ended = self._loop.join(timeout_seconds)
        left = wait(set(self._under_way), timeout=max(deadline - time.monotonic(), 0)).not_done
        self._executor.shutdown(wait=False, cancel_futures=True)
        return ended and not left

    def _take(self) -> bool:
        self._give_up()
        self._under_way = {delivery for delivery in self._under_way if not delivery.done()}
        free = _SLOTS - len(self._under_way)
        if not free:
            return False
        with self._connections() as connection:
            claims = deliveries.claim(connection, limit=free, lease_seconds=self._lease_seconds)
        deadline = time.monotonic() + self._lease_seconds
        for claim in claims:
            delivery = self._executor.submit(self._deliver, claim, deadline)
            self._under_way.add(delivery)
            # There is a slot again, and perhaps something to fill it.
            delivery.add_done_callback(lambda _: self._loop.wake())
        return False

    def _give_up(self) -> None:
        # However much there is to deliver: what is lost would otherwise wait for a pause that may never come.
        if time.monotonic() < self._look_for_lost:
            return
        with self._connections() as connection:
            lost = deliveries.give_up(connection)
        self._look_for_lost = time.monotonic() + _GIVE_UP_SECONDS
        if lost:
            logger.error("given up: taken again and again without an outcome", extra={"notifications": lost})

    def _deliver(self, claim: Claim, deadline: float) -> None:
        failure = self._attempt(claim)
        if failure is None:
            outcome = "sent"
            _DELAY.observe((datetime.now(UTC) - claim.planned_for).total_seconds())
            self._record(claim, deadline, lambda connection: deliveries.record_sent(connection, claim))
        else:
            outcome = self._record_failure(claim, deadline, failure)
        _DELIVERED.labels(claim.channel, outcome).inc()

    def _attempt(self, claim: Claim) -> PermanentError | TransientError | None:
        message = claim.message
        try:
            self._channels[message.channel](message)
        except (PermanentError, TransientError) as failure:
            return failure
        except Exception as error:  # noqa: BLE001  # its text may quote the message
            logger.error(  # noqa: TRY400
                "unexpected error", extra={"notification_id": str(claim.id), **without_values(error)}
            )
            return TransientError(f"unexpected {type(error).__name__}")
        return None

    def _record_failure(self, claim: Claim, deadline: float, failure: PermanentError | TransientError) -> str:
        reason = excerpt(str(failure), _MAX_REASON_CHARACTERS)
        record: _Record
        if isinstance(failure, TransientError) and claim.attempt < MAX_ATTEMPTS:
            outcome = "retried"
            pause = retry_delay_seconds(claim.attempt, failure.retry_after_seconds)

            def record(connection: psycopg.Connection[Any]) -> None:
                deliveries.record_retry(connection, claim, reason, pause_seconds=pause)
        else:
            outcome = "failed"

            def record(connection: psycopg.Connection[Any]) -> None:
                deliveries.record_failed(connection, claim, reason)

        logger.warning(
            "not delivered",
            extra={
                "notification_id": str(claim.id),
                "channel": claim.channel,
                "outcome": outcome,
                "attempts": claim.attempt,
                "reason": reason,
            },
        )
        self._record(claim, deadline, record)
        return outcome

    def _record(self, claim: Claim, deadline: float, record: _Record) -> None:
        """Tries for as long as the lease lasts: what is not recorded is delivered again."""
        while True:
            try:
                with self._connections() as connection:
                    record(connection)
            except (psycopg.Error, DatabaseUnavailableError) as error:
                details = {"notification_id": str(claim.id), **without_values(error)}
                if time.monotonic() + _RECORD_PAUSE_SECONDS >= deadline:
                    logger.error("not recorded: it is delivered again", extra=details)  # noqa: TRY400
                    return
                logger.warning("recording again", extra=details)
                time.sleep(_RECORD_PAUSE_SECONDS)
            else:
                return
