"""The worker's time: everything that it may wait for, one after the other, ends before Lambda ends the function."""

from config.model import WorkerConfig
from services import database, receiving, worker
from services.channels import http
from workers.notifications import handler

# Connecting and reading.
_SQS_SECONDS = 2 * receiving.TIMEOUT_SECONDS
# A statement on a connection that is kept, and another one on a new connection.
_STATEMENTS_SECONDS = 2 * worker.STATEMENT_SECONDS + database.CONNECT_SECONDS


def _shortest_timeout() -> float:
    (bound,) = (each.ge for each in WorkerConfig.model_fields["timeout_seconds"].metadata if hasattr(each, "ge"))
    return float(bound)


def test_a_batch_ends_in_time_whatever_it_waits_for() -> None:
    seconds = _shortest_timeout() - handler.RESERVE_SECONDS
    parking = _SQS_SECONDS
    claiming = worker.MAX_PATIENCE_SECONDS + _STATEMENTS_SECONDS
    # Deliveries have what is left until the closing begins; whatever came before may have used it up.
    until_closing = max(parking + claiming, seconds - worker.MAX_CLOSING_SECONDS)
    recording = worker.MAX_RECORD_PATIENCE_SECONDS + _STATEMENTS_SECONDS
    parking_and_delaying = 2 * _SQS_SECONDS
    assert until_closing + recording + parking_and_delaying <= seconds


def test_there_is_time_for_a_delivery() -> None:
    seconds = _shortest_timeout() - handler.RESERVE_SECONDS
    assert seconds - worker.MAX_CLOSING_SECONDS >= 2 * http.DELIVERY_SECONDS
