"""The command line: what to look at, and what to print."""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn, TypeVar

from assembly.errors import InputError
from config.load import environments_of, system_names
from config.problems import ConfigError
from gates.security import scanners
from gates.security.acknowledged import FOLDER, every, read_subjects
from gates.security.assemble import folder_of
from gates.security.finding import CHECKOV, SETS, Finding
from gates.security.page import PAGE, page
from gates.security.places import templates_of
from gates.security.promises import broken
from gates.security.report import as_entries, as_text
from gates.security.validation import read_report
from gates.security.verdict import judge

_FINE, _FOUND, _BAD_INPUT = 0, 1, 2
_SHOWN = 2000

Thing = TypeVar("Thing")


class _Parser(argparse.ArgumentParser):
    """Reports a wrong flag in one line, like every other fault."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Look, and tell; returns the exit code: 0 fine, 1 something is unexplained or stale, 2 bad input."""
    try:
        options = _parser().parse_args(arguments)
        subjects = read_subjects(options.acknowledged)
        if options.write:
            PAGE.write_text(page(subjects), encoding="utf-8")
            print(f"{PAGE}: {len(every(subjects))} acknowledgments")
            return _FINE
        names = _names(options.system, options.env)
        findings = look(synthesize(names, options.folder), options.checkov)
        sets = SETS if options.checkov else tuple(each for each in SETS if each != CHECKOV)
        whole = options.checkov is not None and names == _names("", "")
        verdict = judge(findings, every(subjects), names, whole=whole)
        print(as_entries(verdict) if options.propose else as_text(verdict, sets), end="", flush=True)
    except (ConfigError, InputError) as error:
        print(f"security: {error}", file=sys.stderr)
        return _BAD_INPUT
    return _FINE if verdict.is_fine else _FOUND


def look(assemblies: Mapping[str, Path], checkov: Path | None) -> list[Finding]:
    """Return what all sets find.

    Args:
        assemblies: folders made by `gates.security.assemble`, by names such as `notifications/dev`.
        checkov: the program; None leaves its set out.

    Raises:
        InputError: an assembly cannot be read, or a set fails itself.
    """
    templates = {name: templates_of(assembly) for name, assembly in assemblies.items()}
    where = {each.file.resolve(): (name, each) for name, some in templates.items() for each in some}
    linting = [scanners.start(scanners.cfn_lint(some)) for some in _shared_out(list(where))]
    above = Path(os.path.commonpath([each.parent for each in where])) if where else Path()
    scanning = scanners.start(scanners.checkov(checkov, list(where), above), above) if checkov is not None else None
    found: list[Finding] = []
    for name, assembly in assemblies.items():
        found += [*read_report(assembly, name, templates[name]), *broken(assembly, name, templates[name])]
    for each in linting:
        found += scanners.linted(scanners.answer(each), where)
    if scanning is not None:
        found += scanners.scanned(scanners.answer(scanning), where, above)
    return _once(found)


def _once(findings: Iterable[Finding]) -> list[Finding]:
    """Return each rule at each place once: some sets tell it for each property."""
    return list({(each.rule, each.environment, each.place): each for each in findings}.values())


def synthesize(names: Sequence[str], folder: Path) -> dict[str, Path]:
    """Synthesize environments, as many at once as there are processors, and return the folder of each.

    Raises:
        InputError: one of them cannot be synthesized.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    def run(some: Sequence[str]) -> str:
        command = [sys.executable, "-m", "gates.security.assemble", str(folder), *some]
        done = subprocess.run(  # noqa: S603  # the project's own program
            command, env={**os.environ, "CDK_VALIDATION": "true"}, capture_output=True, text=True, check=False
        )
        return done.stderr[-_SHOWN:] if done.returncode else ""

    shares = _shared_out(names)
    with ThreadPoolExecutor(len(shares)) as pool:
        for complaint in pool.map(run, shares):
            if complaint:
                raise InputError(f"synthesis failed: {complaint.strip()}")
    return {name: folder_of(folder, name) for name in names}


def _shared_out(things: Sequence[Thing]) -> list[Sequence[Thing]]:
    """Return shares for processes that run side by side, one for each processor."""
    processes = max(1, min(len(things), os.cpu_count() or 1))
    return [things[start::processes] for start in range(processes)]


def _names(system: str, environment: str) -> list[str]:
    systems = [system] if system else system_names()
    names = [f"{each}/{name}" for each in systems for name in environments_of(each)]
    chosen = [name for name in names if not environment or name.endswith(f"/{environment}")]
    if not chosen:
        among = ", ".join(sorted({name.partition("/")[2] for name in names}))
        raise InputError(f"there is no environment {environment}; allowed: {among}")
    return chosen


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m gates.security", description="What rule sets find in the templates.")
    parser.add_argument("--system", default="", metavar="NAME", help="only this system (default: all)")
    parser.add_argument("--env", default="", metavar="NAME", help="only environments of this name (default: all)")
    parser.add_argument("--folder", type=Path, default=Path("build/security"), help="for the assemblies")
    parser.add_argument("--checkov", type=Path, metavar="PROGRAM", help="where checkov is (default: without it)")
    parser.add_argument("--acknowledged", type=Path, default=FOLDER, metavar="FOLDER", help="files of acknowledgments")
    parser.add_argument("--propose", action="store_true", help="print entries for what is unexplained, to fill in")
    parser.add_argument("--write", action="store_true", help=f"only write {PAGE}")
    return parser
