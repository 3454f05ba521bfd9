"""Replays the tour, and writes docs/tour.md or says that it is stale."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.tour.catalogue import FOLDER, Mistake, choose, read
from tests.tour.document import DOCUMENT, staleness, written
from tests.tour.errors import TourError
from tests.tour.replay import Outcome, replay
from tests.tour.workshop import workshop

_FORMAT = "{:<18} {:<18} {:>4}  {}"


def main(arguments: Sequence[str] | None = None, *, folder: Path = FOLDER, document: Path = DOCUMENT) -> int:
    """Returns 0 if every mistake is caught and told as the page does, 1 if not, 2 if some cannot be made at all."""
    parser = argparse.ArgumentParser(prog="python -m tests.tour", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="MISTAKE", help="some of them, by name; without any, all")
    parser.add_argument("--write", action="store_true", help=f"write {document.name} from what comes out")
    given = parser.parse_args(arguments)
    try:
        mistakes = read(folder)
        outcomes = _replayed(mistakes, choose(mistakes, given.names))
        missed = [each.mistake.name for each in outcomes if each.complaints]
        print(f"not caught: {', '.join(missed)}" if missed else f"caught: all {len(outcomes)}", flush=True)
        if missed:
            return 1
        return (_write if given.write else _compare)(document, mistakes, outcomes)
    except TourError as error:
        for fault in error.faults:
            print(f"tour: {fault}", file=sys.stderr)
        return 2


def _replayed(mistakes: Sequence[Mistake], chosen: Sequence[Mistake]) -> Sequence[Outcome]:
    with workshop() as place:
        place.check(mistakes)
        print(_FORMAT.format("mistake", "caught by", "s", "").rstrip(), flush=True)
        outcomes = []
        for mistake in chosen:
            outcomes.append(replay(place, mistake))
            _show(outcomes[-1])
    return outcomes


def _write(document: Path, mistakes: Sequence[Mistake], outcomes: Sequence[Outcome]) -> int:
    try:
        text = written(_text(document), mistakes, outcomes)
    except KeyError as error:
        raise TourError([f"{document.name} has no section {error} yet; write it without naming mistakes"]) from None
    document.write_text(text, encoding="utf-8")
    return 0


def _compare(document: Path, mistakes: Sequence[Mistake], outcomes: Sequence[Outcome]) -> int:
    stale = staleness(_text(document), mistakes, outcomes)
    if stale:
        print("\n".join([f"{document.name} is not what came out; type: make tour WRITE=1", *stale]), file=sys.stderr)
    return 1 if stale else 0


def _text(document: Path) -> str:
    return document.read_text(encoding="utf-8") if document.exists() else ""


def _show(outcome: Outcome) -> None:
    mistake = outcome.mistake
    verdict = "NOT CAUGHT" if outcome.complaints else "caught"
    print(_FORMAT.format(mistake.name, mistake.caught_by, f"{outcome.seconds:.0f}", verdict), flush=True)
    if outcome.complaints:
        lines = [*outcome.complaints, "its output:", *outcome.output.splitlines()]
        print("\n".join(f"    {line}" for line in lines), flush=True)
