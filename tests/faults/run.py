"""Puts rows through their faults, one after the other, on one deployed system."""

import secrets
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from tests.faults.deliveries import Deliveries
from tests.faults.injections import Injected
from tests.faults.load import Load, Order, Sent
from tests.faults.orders import is_rejected, orders_of
from tests.faults.rows import Row
from tests.faults.stage import Meanwhile, Stage
from tests.faults.verdict import Verdict, judge, refused_by_iam, settle

# Orders that are made again when all have been accepted: each has to be given the same id.
_REPEATED = 20
_WARM_UP, _WARM_UP_SECONDS = 120, 40
# Once a row has settled, what is delivered again must have had the time to be.
_QUIET_SECONDS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One line of the table."""

    row: Row
    injected: str
    """How much of the fault there was."""
    verdict: Verdict
    void: str | None
    """Why the row shows nothing: there was no fault."""
    seconds: float

    @property
    def is_green(self) -> bool:
        """Whether there was a fault, and the promise was kept all the same."""
        return self.void is None and self.verdict.is_green


def run(stage: Stage, rows: Iterable[Row], *, count: int, limit_seconds: float) -> Iterator[Result]:
    """Run rows; each is given up, and red, after its time limit."""
    with Deliveries(stage.cloud.settings) as deliveries:
        for row in rows:
            yield _run(stage, row, deliveries, count * row.times, limit_seconds * max(row.times / 2, 1))


def warm_up(stage: Stage) -> None:
    """Let every worker's environment start, which takes two cores longer than a short row goes on."""
    until = time.monotonic() + _WARM_UP_SECONDS
    prefix = f"warm-up-{secrets.token_hex(3)}-"
    load = Load(stage.cloud.settings, str(stage.cloud.state.last.api_url), stage.cloud.authorization)
    orders = orders_of(prefix, _WARM_UP, stage.cloud.settings.receiver_url)
    settle(stage, prefix, load.send(orders, per_second=_WARM_UP, until=until), until)


def _run(stage: Stage, row: Row, deliveries: Deliveries, count: int, limit_seconds: float) -> Result:
    started, since = time.monotonic(), time.time()
    until = started + limit_seconds
    # Of each run its own, since rows of different runs are in the same database.
    prefix = f"{row.name}-{secrets.token_hex(3)}-"
    orders = orders_of(prefix, count, stage.cloud.settings.receiver_url, with_rejected=row.with_rejected)
    sent, fault = _load(stage, row, orders, prefix, until)
    expected = replace(row.expected, rejected=frozenset(order.text for order in orders if is_rejected(order)))
    rows, under_way = settle(stage, prefix, sent, until)
    complaints = list(fault.complaints)
    if row.afterwards is not None and not under_way:
        complaints += row.afterwards(stage, prefix, expected.rejected)
        rows, under_way = settle(stage, prefix, sent, until)
    complaints += under_way
    time.sleep(_QUIET_SECONDS)
    parked = [each for each in stage.messages(stage.dlq_url) if prefix in each["Body"]]
    verdict = judge(sent, rows, deliveries.count(), parked, expected)
    verdict.complaints += complaints + refused_by_iam(stage.cloud.settings.authorizations, since)
    if row.check is not None:
        verdict.complaints += row.check(stage, prefix, count)
    return Result(
        row=row,
        injected=str(fault),
        verdict=verdict,
        void=None if fault.count else f"there were no {fault.unit}",
        seconds=time.monotonic() - started,
    )


def _load(stage: Stage, row: Row, orders: list[Order], prefix: str, until: float) -> tuple[Sent, Injected]:
    """Send everything while the fault goes on, and some of it once more."""
    per_second = row.per_second(len(orders))
    meanwhile = Meanwhile(len(orders) / per_second, f"{stage.seed} {row.name}")
    load = Load(stage.cloud.settings, str(stage.cloud.state.last.api_url), stage.cloud.authorization)
    with ThreadPoolExecutor(1, thread_name_prefix="fault") as executor:
        fault = executor.submit(row.inject, stage, meanwhile, prefix, len(orders))
        sent = load.send(orders, per_second=per_second, until=until)
        meanwhile.end()
    try:
        injected = fault.result()
    except Exception as error:  # noqa: BLE001  # whatever it is, it belongs into the table
        injected = Injected("faults", complaints=[f"the fault broke off: {type(error).__name__}: {error}"])
    chosen = [order for order in orders if order.text in sent.accepted][:: max(len(orders) // _REPEATED, 1)]
    again = load.send(chosen, per_second=len(chosen) or 1, until=until)
    sent.contradictions += [each.text for each in chosen if again.accepted.get(each.text) != sent.accepted[each.text]]
    return sent, injected
