"""`python -m tests.conformance`: the numbered requirements, each with the check that proves it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from constructs_lib.project import PROJECT_ROOT
from tests.conformance.catalogue import FOLDER, HOW_MANY, Catalogue, CatalogueError, load, name_of
from tests.conformance.evidence import is_there, proofs
from tests.conformance.report import Report
from tests.conformance.run import run

_FAILED = 1
_BAD_INPUT = 2


class _Parser(argparse.ArgumentParser):
    """Reports a wrong flag in one line, like every other fault."""

    def error(self, message: str) -> NoReturn:
        raise CatalogueError([f"{message}; see {self.prog} --help"])


def main(
    arguments: Sequence[str] | None = None,
    *,
    root: Path = PROJECT_ROOT,
    folder: Path = FOLDER,
    numbers: int = HOW_MANY,
) -> int:
    """Print the table; returns the exit code: 0 fine, 1 a check failed or was skipped, 2 bad input."""
    parser = _Parser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--fast", action="store_true", help="leave out what deploys to the embedded cloud")
    parser.add_argument("--json", action="store_true", help="for programs")
    try:
        options = parser.parse_args(arguments)
        catalogue = proving(load(folder, numbers=numbers), root)
        print(f"conformance: {len(catalogue.checks)} checks …", file=sys.stderr, flush=True)
        report = Report(catalogue=catalogue, outcomes=run(catalogue.checks, root, fast=options.fast))
    except CatalogueError as error:
        for fault in error.faults:
            print(f"conformance: {fault}", file=sys.stderr)
        return _BAD_INPUT
    print(report.as_json() if options.json else report.as_text(), end="", flush=True)
    return 0 if report.holds else _FAILED


def proving(catalogue: Catalogue, root: Path = PROJECT_ROOT) -> Catalogue:
    """Return a catalogue in which every check is a test that can fail.

    Raises:
        CatalogueError: a test is not there, or asserts nothing.
    """
    faults = []
    for item in catalogue.items:
        for check in item.checks:
            if not is_there(check, root):
                faults.append(f"{name_of(item)}: {check}: there is no such test; allowed: path::function of a test")
            elif not proofs(check, root):
                faults.append(f"{name_of(item)}: {check}: asserts nothing; name a test that can fail")
    if faults:
        raise CatalogueError(faults)
    return catalogue
