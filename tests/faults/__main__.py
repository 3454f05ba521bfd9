"""`python -m tests.faults`: the table of faults, as `make faults` prints it."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.faults.report import Report
from tests.faults.rows import NAMES, ROWS
from tests.faults.run import run, warm_up
from tests.faults.stage import own_folder, staged


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if every row is green, 1 if one is not."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"some of: {', '.join(NAMES)}; without any, all")
    parser.add_argument("--count", type=int, default=2000, help="notifications of a row (default 2000)")
    parser.add_argument("--seed", type=int, default=1, help="of whatever is left to chance (default 1)")
    parser.add_argument("--limit", type=float, default=240, help="seconds of a row (default 240)")
    given = parser.parse_args(arguments)
    if unknown := sorted(set(given.rows) - set(NAMES)):
        parser.error(f"no such row: {', '.join(unknown)}; there are: {', '.join(NAMES)}")
    if given.count < 1:
        parser.error(f"--count {given.count}: at least 1")
    chosen = [row for row in ROWS if not given.rows or row.name in given.rows]
    started = time.monotonic()
    report = Report(seed=given.seed, count=given.count)
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        report.say(f"deploying to an embedded cloud in {folder} …")
        with staged(own_folder(Path(folder)), seed=given.seed) as stage:
            warm_up(stage)
            report.begin()
            for result in run(stage, chosen, count=given.count, limit_seconds=given.limit):
                report.add(result)
    return 0 if report.end(time.monotonic() - started) else 1


if __name__ == "__main__":
    sys.exit(main())
