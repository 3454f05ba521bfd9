"""`python -m tests.least_privilege`: both ways of the proof, as `make least-privilege` prints them."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from local.settings import ROOT
from tests.faults.stage import own_folder
from tests.least_privilege import listed, page
from tests.least_privilege.ground import prepared
from tests.least_privilege.proven import BEYOND_DEVELOPMENT, IN_FULL, PROVEN
from tests.least_privilege.report import Report
from tests.least_privilege.run import Found, prove, tell_stale


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if nothing is wrong, 1 if something is, 2 for bad input."""
    systems = sorted({system for system, _ in PROVEN})
    parser = argparse.ArgumentParser(prog="python -m tests.least_privilege", description=__doc__)
    parser.add_argument(
        "rows", nargs="*", metavar="ROW", help="part of a grant's name, such as sqs:SendMessage; without any, all"
    )
    parser.add_argument(
        "--system", action="append", metavar="SYSTEM", help=f"some of: {', '.join(systems)}, or SYSTEM/ENV"
    )
    parser.add_argument(
        "--write", action="store_true", help="write the tables of these systems into docs/least-privilege.md"
    )
    given = parser.parse_args(arguments)
    if given.write and given.rows:
        parser.error("--write: the page has all grants of a system; leave out the rows")
    chosen = [each for each in PROVEN if not given.system or {each[0], "/".join(each)} & set(given.system)]
    if not chosen:
        names = ", ".join("/".join(each) for each in PROVEN)
        parser.error(f"--system {' '.join(given.system)}: nothing of that name is proven; there are: {names}")
    started, report, entries, found = time.monotonic(), Report(), listed.read(), Found()
    # One after the other: all of them at once would take more memory than many machines have.
    for group in (IN_FULL, BEYOND_DEVELOPMENT):
        if together := [each for each in chosen if each in group]:
            with tempfile.TemporaryDirectory(prefix="privileges-") as folder:
                report.say(f"\ndeploying to an embedded cloud in {folder} …")
                with prepared(own_folder(Path(folder)), together) as ground:
                    prove(ground, report, entries, found, rows=given.rows)
    if not given.system and not given.rows:
        tell_stale(entries, found, report)
    if given.write:
        page.write(page.written(found, entries))
        report.say(f"\nwritten: {page.FILE.relative_to(ROOT)}")
    return 0 if report.end(time.monotonic() - started, uses=found.uses, taken=found.taken, held=found.held) else 1


if __name__ == "__main__":
    sys.exit(main())
