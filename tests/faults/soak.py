"""`python -m tests.faults.soak`: minutes of steady load, in which memory and connections must stay what they are."""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psutil

from tests.faults.deliveries import Deliveries
from tests.faults.load import Load
from tests.faults.orders import orders_of
from tests.faults.stage import Stage, own_folder, staged
from tests.faults.verdict import Expectation, judge, settle

_PER_SECOND = 25.0
_SAMPLE_SECONDS = 5.0
_SETTLING_SECONDS = 120
# Between the medians of the second and the last quarter: in the first, pools and caches fill.
_ALLOWED_GROWTH = 0.05
_MIB = 1024 * 1024
_FORMAT = "{:<34} {:>10} {:>10} {:>8}  {}"


@dataclass(slots=True)
class Samples:
    """Figures over the time of the load."""

    figures: dict[str, list[float]] = field(default_factory=dict)

    def take(self, stage: Stage) -> None:
        """Add one of each."""
        self._add("memory of the API (MiB)", sum(map(_memory, stage.tasks())) / _MIB)
        workers = stage.workers()
        self._add("memory of a worker (MiB)", sum(map(_memory, workers)) / _MIB / max(len(workers), 1))
        with stage.connect() as connection:
            found = connection.execute(
                "SELECT count(*) AS connections FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND application_name <> 'operator'"
            ).fetchone()
        self._add("connections to the database", float(found["connections"]) if found else 0.0)

    def _add(self, name: str, figure: float) -> None:
        self.figures.setdefault(name, []).append(figure)

    def growth(self, name: str) -> tuple[float, float, float]:
        """The medians of the second and the last quarter, and by what share the latter is greater."""
        figures = self.figures[name]
        quarter = max(len(figures) // 4, 1)
        early, late = median(figures[quarter : 2 * quarter] or figures), median(figures[-quarter:])
        return early, late, late / early - 1 if early else 0.0


def soak(stage: Stage, minutes: float, say: Callable[[str], None]) -> bool:
    """Whether nothing grew and nothing was lost."""
    count = int(minutes * 60 * _PER_SECOND)
    orders = orders_of("soak-", count, stage.cloud.settings.receiver_url)
    samples, over = Samples(), threading.Event()

    def watch() -> None:
        while not over.wait(_SAMPLE_SECONDS):
            samples.take(stage)

    watching = threading.Thread(target=watch, daemon=True)
    until = time.monotonic() + minutes * 60 + _SETTLING_SECONDS
    with Deliveries(stage.cloud.settings) as deliveries:
        watching.start()
        load = Load(stage.cloud.settings, str(stage.cloud.state.last.api_url), stage.cloud.authorization)
        sent = load.send(orders, per_second=_PER_SECOND, until=until)
        over.set()
        watching.join()
        rows, under_way = settle(stage, "soak-", sent, until)
        verdict = judge(sent, rows, deliveries.count(), [], Expectation(trouble=False))
    say(f"{verdict.accepted} accepted = {verdict.sent} sent + {verdict.failed} failed in {sent.seconds:.0f} s")
    flat = True
    say(_FORMAT.format("", "early", "late", "growth", ""))
    for name in samples.figures:
        early, late, growth = samples.growth(name)
        fine = growth <= _ALLOWED_GROWTH
        flat = flat and fine
        say(_FORMAT.format(name, f"{early:.1f}", f"{late:.1f}", f"{growth:+.1%}", "flat" if fine else "GROWS"))
    verdict.complaints += under_way
    for complaint in verdict.complaints:
        say(f"    {complaint}")
    return flat and verdict.is_green


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:  # it has ended meanwhile
        return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if nothing grew, 1 if something did."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long (default 10)")
    given = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as folder,
        staged(own_folder(Path(folder)), seed=1) as stage,
    ):
        return 0 if soak(stage, given.minutes, lambda text: print(text, flush=True)) else 1


if __name__ == "__main__":
    sys.exit(main())
