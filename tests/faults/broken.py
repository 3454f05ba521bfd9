"""`python -m tests.faults.broken`: every mechanism taken away once, and the row of the table that tells of it."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.faults.mutants import MUTANTS, run_mutants
from tests.faults.stage import own_folder, staged

_FORMAT = "{:<56} {:<20} {:<6} {}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if each row has turned red, 1 if one has not."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.broken", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="those of these rows; without any, all")
    parser.add_argument("--count", type=int, default=200, help="notifications of a row (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="of whatever is left to chance (default 1)")
    # What is lost is waited for until then.
    parser.add_argument("--limit", type=float, default=60, help="seconds of a row (default 60)")
    given = parser.parse_args(arguments)
    chosen = tuple(mutant for mutant in MUTANTS if not given.rows or mutant.row in given.rows)
    if not chosen:
        parser.error(f"nothing is taken away for these rows; there are: {', '.join(sorted({m.row for m in MUTANTS}))}")
    missed = []
    with (
        tempfile.TemporaryDirectory(prefix="faults-") as folder,
        staged(own_folder(Path(folder)), seed=given.seed) as stage,
    ):
        print(_FORMAT.format("taken away", "row", "", "what it tells"), flush=True)
        for mutant, result in run_mutants(stage, chosen, count=given.count, limit_seconds=given.limit):
            told = "; ".join(result.verdict.complaints) or result.void or "nothing"
            noticed = mutant.tells in told
            missed += [] if noticed else [mutant.name]
            print(_FORMAT.format(mutant.name, mutant.row, "red" if noticed else "MISSED", told), flush=True)
    print(f"not noticed: {', '.join(missed)}" if missed else f"all {len(chosen)} were noticed", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
