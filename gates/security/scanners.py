"""What cfn-lint and checkov find: programs of their own, each run once over all templates."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from assembly.errors import InputError
from gates.security.finding import CFN_LINT, CHECKOV, Finding
from gates.security.places import Template

Where = Mapping[Path, tuple[str, Template]]
"""Environment and template by the file of the template."""
_SHOWN = 400


def cfn_lint(files: Sequence[Path]) -> list[str]:
    """Return the command that lints templates, and answers in JSON."""
    return [str(Path(sys.executable).with_name("cfn-lint")), "--format", "json", *map(str, files)]


def checkov(program: Path, files: Sequence[Path], folder: Path) -> list[str]:
    """Return the command that lets checkov look at templates, without the network, and answers in JSON.

    It is for being started in a folder above them: checkov writes the name of the file, as it is given one, among the
    variables of a function, and would take forty letters and slashes in a row for a secret of AWS.
    """
    options = ("--framework", "cloudformation", "--skip-download", "--quiet", "--compact", "--output", "json")
    return [str(program.absolute()), *options, "--file", *(os.path.relpath(each, folder) for each in files)]


def start(command: Sequence[str], folder: Path | None = None) -> subprocess.Popen[str]:
    """Start a scanner, in a folder or in that of this process.

    Raises:
        InputError: there is no such program.
    """
    try:
        return subprocess.Popen(  # noqa: S603  # ours
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    except OSError as error:
        raise InputError(f"{command[0]} cannot be run ({error.strerror}); make security installs it") from None


def answer(process: subprocess.Popen[str]) -> Any:
    """Wait for a scanner, and return what it answers.

    Raises:
        InputError: it answers no JSON.
    """
    said, complained = process.communicate()
    try:
        return json.loads(said)
    except ValueError:
        name = Path(str(process.args[0] if isinstance(process.args, list) else process.args)).name
        raise InputError(f"{name} failed: {(complained or said).strip()[-_SHOWN:]}") from None


def linted(matches: Sequence[Mapping[str, Any]], where: Where) -> Iterator[Finding]:
    """Yield what cfn-lint found."""
    for match in matches:
        environment, template = where[Path(match["Filename"])]
        path = match["Location"].get("Path") or []
        place = template.place(str(path[1]) if path[:1] == ["Resources"] and len(path) > 1 else None)
        yield Finding(
            set=CFN_LINT,
            rule=f"{CFN_LINT} {match['Rule']['Id']}",
            environment=environment,
            place=place.path,
            type=place.type,
            why=str(match["Message"]),
            fix=str(match["Rule"].get("Description", "")),
        )


def scanned(answers: Any, where: Where, folder: Path) -> Iterator[Finding]:
    """Yield what checkov found.

    Args:
        answers: one report, or a list of them where it looked with several of its frameworks.
        where: what it looked at.
        folder: where it was started.

    Raises:
        InputError: it could not read a template.
    """
    for report in answers if isinstance(answers, list) else [answers]:
        if report["summary"]["parsing_errors"]:
            raise InputError(f"checkov could not read {report['summary']['parsing_errors']} templates")
        for check in report["results"]["failed_checks"]:
            environment, template = where[(folder / check["file_abs_path"]).resolve()]
            place = template.place(str(check["resource"]).partition(".")[2])
            yield Finding(
                set=CHECKOV,
                rule=str(check["check_id"]),
                environment=environment,
                place=place.path,
                type=place.type,
                why=f"Not so: {check['check_name']}",
                fix=str(check.get("guideline") or ""),
            )
