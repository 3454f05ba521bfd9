"""Puts rows through their faults, one after the other, on one deployed system."""

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.faults.deliveries import Deliveries
from tests.faults.injections import Injected
from tests.faults.load import Load, Order, Sent
from tests.faults.orders import is_rejected, orders_of
from tests.faults.rows import Row
from tests.faults.stage import Meanwhile, Stage
from tests.faults.verdict import Verdict, judge, settle

# Orders that are made again when all have been accepted: each has to be given the same id.
_REPEATED = 20
# A fault that has ended may have its effects undone for so long after the load.
_AFTERMATH_SECONDS = 120
# Once a row has settled, what is delivered again must have had the time to be.
_QUIET_SECONDS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One line of the table."""

    row: Row
    injected: Injected
    verdict: Verdict
    seconds: float


def run(stage: Stage, rows: Iterable[Row], *, count: int, limit_seconds: float) -> Iterator[Result]:
    """Run rows; each is given up, and red, after its time limit."""
    with Deliveries(stage.cloud.settings) as deliveries:
        for row in rows:
            yield _run(stage, row, deliveries, count * row.times, limit_seconds * max(row.times / 2, 1))


def _run(stage: Stage, row: Row, deliveries: Deliveries, count: int, limit_seconds: float) -> Result:
    started = time.monotonic()
    until = started + limit_seconds
    # Of each run its own, since rows of different runs are in the same database.
    prefix = f"{row.name}-{secrets.token_hex(3)}-"
    orders = orders_of(prefix, count, stage.cloud.settings.receiver_url, with_rejected=row.with_rejected)
    per_second = row.per_second(count)
    meanwhile = Meanwhile(count / per_second, f"{stage.seed} {row.name}")
    injected: list[Injected] = []
    fault = _thread(lambda: injected.append(row.inject(stage, meanwhile, prefix, count)))
    load = Load(stage.cloud.settings, str(stage.cloud.state.last.api_url))
    sent = load.send(orders, per_second=per_second, until=until)
    meanwhile.end()
    fault.join(max(until - time.monotonic(), _AFTERMATH_SECONDS))
    _repeat(load, orders, sent, until)
    rows = settle(stage, prefix, sent, until)
    time.sleep(_QUIET_SECONDS)
    expected = replace(row.expected, rejected=frozenset(order.text for order in orders if is_rejected(order)))
    parked = [each for each in stage.messages(stage.dlq_url) if prefix in each["Body"]]
    verdict = judge(sent, rows, deliveries.count(), parked, expected)
    verdict.complaints += _complaints(injected)
    if row.check is not None:
        verdict.complaints += row.check(stage, prefix, count)
    return Result(
        row=row,
        injected=injected[0] if injected else Injected("faults"),
        verdict=verdict,
        seconds=time.monotonic() - started,
    )


def _complaints(injected: list[Injected]) -> list[str]:
    """What is wrong with the fault itself: a row without one shows nothing."""
    if not injected:
        return ["the fault was not injected: see above"]
    found = injected[0]
    return found.complaints if found.count else [*found.complaints, f"there were no {found.unit}"]


def _repeat(load: Load, orders: list[Order], sent: Sent, until: float) -> None:
    chosen = [order for order in orders if order.text in sent.accepted][:: max(len(orders) // _REPEATED, 1)]
    again = load.send(chosen, per_second=len(chosen) or 1, until=until)
    sent.contradictions += [text for text, found in again.accepted.items() if found != sent.accepted[text]]


def _thread(target: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=target, name="fault", daemon=True)
    thread.start()
    return thread
