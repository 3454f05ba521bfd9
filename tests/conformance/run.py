"""Runs the checks that the catalogue names, and tells how each of them ended."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from constructs_lib.project import PROJECT_ROOT
from tests.conformance import recorder
from tests.conformance.catalogue import CatalogueError
from tests.conformance.evidence import Proof, proofs

EMBEDDED_CLOUD = "e2e"
"""Marker of the tests that deploy to the embedded cloud."""
_SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile")
# Checks from which on two processes are done sooner than one, their start included.
_WORTH_IT = 20


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    EMPTY = "asserted nothing"
    NOT_ENDED = "did not end"
    NOT_RUN = "not run here"


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What a run of pytest wrote down, by node id of the single case."""

    markers: Mapping[str, Sequence[str]]
    broken: Mapping[str, str]
    outcomes: Mapping[str, str]
    asserted: Mapping[str, bool]


def run(checks: Sequence[str], root: Path, *, fast: bool) -> dict[str, Outcome]:
    """How each check ended; `fast` leaves out those that deploy to the embedded cloud.

    Raises:
        CatalogueError: a check is no test.
    """
    found = collected(checks, root)
    cases = {check: cases_of(check, found.markers) for check in checks}
    on_the_cloud = {check for check in checks if any(EMBEDDED_CLOUD in found.markers[case] for case in cases[check])}
    here = [check for check in checks if check not in on_the_cloud]
    ended: list[Record] = []
    if here:
        ended.append(_pytest(here, root, *(_SIDE_BY_SIDE if len(here) > _WORTH_IT else ())))
    # By itself and one after the other, as in `make test`: there are two processors, and a cloud takes both.
    if on_the_cloud and not fast:
        ended.append(_pytest(sorted(on_the_cloud), root))
    outcomes = {case: outcome for record in ended for case, outcome in record.outcomes.items()}
    asserted = {case for record in ended for case, something in record.asserted.items() if something}

    def outcome_of(check: str) -> Outcome:
        if fast and check in on_the_cloud:
            return Outcome.NOT_RUN
        outcome = _of_all(cases[check], outcomes)
        # Asserts within a loop over nothing, in all cases: it passed without having looked at anything.
        empty = proofs(check, root) == {Proof.OWN} and asserted.isdisjoint(cases[check])
        return Outcome.EMPTY if outcome is Outcome.PASSED and empty else outcome

    return {check: outcome_of(check) for check in checks}


def collected(checks: Iterable[str], root: Path) -> Record:
    """The cases of all files that checks are in.

    Raises:
        CatalogueError: a check is no test, or its file cannot be collected.
    """
    files = sorted({check.partition("::")[0] for check in checks})
    there = [each for each in files if (root / each).is_file()]
    found = _pytest(there, root, "--collect-only") if there else Record(markers={}, broken={}, outcomes={}, asserted={})
    faults = [f"{place}: cannot be collected: {why}" for place, why in found.broken.items()]
    faults += [
        f"{check}: there is no such test; allowed: a node id that `pytest --collect-only` shows"
        for check in checks
        if not cases_of(check, found.markers) and check.partition("::")[0] not in found.broken
    ]
    if faults:
        raise CatalogueError(faults)
    return found


def cases_of(check: str, nodes: Iterable[str]) -> list[str]:
    """The single cases of a check: itself, or all that its function is called with."""
    return [node for node in nodes if node == check or node.startswith(f"{check}[")]


def _of_all(cases: Sequence[str], outcomes: Mapping[str, str]) -> Outcome:
    # A case without a report ended with its process, or was taken out of its file meanwhile.
    ended = {outcomes.get(case, Outcome.NOT_ENDED.value) for case in cases}
    for outcome in (Outcome.FAILED, Outcome.NOT_ENDED, Outcome.SKIPPED):
        if outcome in ended:
            return outcome
    return Outcome.PASSED


def _pytest(arguments: Sequence[str], root: Path, *options: str) -> Record:
    """Run pytest; what it shows goes to stderr, where it is no part of the table."""
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        path = Path(folder) / "record.json"
        command = [sys.executable, "-m", "pytest", "-p", recorder.__name__, recorder.OPTION, str(path)]
        # Whatever was run before must not decide what is run.
        command += ["-p", "no:cacheprovider", "--no-header", "-o", recorder.TELL_ASSERTIONS]
        ended = subprocess.run(  # noqa: S603  # our own tests
            [*command, *options, *arguments],
            cwd=root,
            env=_environment(root),
            stdout=subprocess.DEVNULL if "--collect-only" in options else sys.__stderr__,
            check=False,
        )
        if not path.is_file():
            raise CatalogueError([f"pytest ended with exit code {ended.returncode} and left no record; see above"])
        return Record(**json.loads(path.read_text()))


def _environment(root: Path) -> dict[str, str]:
    """Where the plugin is found: here it is beside the tests, and no program that they start is to see a difference."""
    if root == PROJECT_ROOT:
        return dict(os.environ)
    return {**os.environ, "PYTHONPATH": str(PROJECT_ROOT)}
