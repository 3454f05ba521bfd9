"""docs/least-privilege.md: each grant with what uses it and what breaks without it."""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from assembly.privileges.model import Granted, Role
from local.settings import ROOT
from tests.least_privilege.comparing import Use
from tests.least_privilege.conditions import Held, condition_of
from tests.least_privilege.listed import Kind, Listed, excepted
from tests.least_privilege.proven import BEYOND_DEVELOPMENT, PROVEN
from tests.least_privilege.reverse import Taken, Verdict
from tests.least_privilege.run import Found

FILE = ROOT / "docs" / "least-privilege.md"
_BEGIN = "<!-- written by make least-privilege WRITE=1 -->"
_ROW = re.compile(r"\| `([^`]+)` \| `([^`]+)`")
_HEADER = "| action | resource | used | without it |\n|---|---|---|---|"


def written(found: Found, entries: Sequence[Listed]) -> dict[str, str]:
    """The tables of each system and environment, one per role."""
    results = {each.unit: each for each in found.taken}
    held = {condition_of(each.unit): each for each in found.held}
    sections = {}
    for deployment, own in groupby(found.uses, key=lambda use: use.unit.deployment):
        blocks = []
        for _, rows in groupby(own, key=lambda use: use.unit.role.path):
            of_role = list(rows)
            lines = [_row(use, results.get(use.unit), held.get(condition_of(use.unit)), entries) for use in of_role]
            blocks.append(_block(of_role[0].unit.role, lines))
        if tuple(deployment.split("/")) in BEYOND_DEVELOPMENT:
            blocks.insert(0, "Beyond what its development is granted.")
        sections[deployment] = "\n\n".join(blocks)
    return sections


def write(sections: Mapping[str, str], file: Path = FILE) -> None:
    """Put these sections in place of the former ones, and keep those of other systems."""
    introduction, _, rest = file.read_text(encoding="utf-8").partition(_BEGIN)
    former = {
        name.strip(): text.strip() for name, _, text in (each.partition("\n") for each in rest.split("\n## ")[1:])
    }
    current = {"/".join(each): "" for each in PROVEN} | former | dict(sections)
    kept = [f"## {name}\n\n{current[name]}" for name in ("/".join(each) for each in PROVEN) if current[name]]
    file.write_text("\n\n".join([introduction + _BEGIN, *kept]) + "\n", encoding="utf-8")


def granted_by(text: str) -> dict[str, set[tuple[str, str, str]]]:
    """Role, action and resource of each row, by system and environment: what a page says is granted."""
    found: dict[str, set[tuple[str, str, str]]] = {}
    deployment = role = ""
    for line in text[text.index(_BEGIN) :].splitlines():
        if line.startswith("## "):
            deployment = line.removeprefix("## ")
            found[deployment] = set()
        elif line.startswith("### "):
            role = line.removeprefix("### ").strip("`")
        elif row := _ROW.match(line):
            found[deployment].add((role, row[1], row[2]))
    return found


def _block(role: Role, lines: Sequence[str]) -> str:
    head = f"### `{role.path}`\n\nTaken on by {', '.join(role.principals)}."
    return f"{head}\n\n" + "\n".join([_HEADER, *lines])


def _resource(granted: Granted) -> str:
    return f"`{granted.resource}`" + (f" if {granted.condition}" if granted.condition else "")


def _row(use: Use, taken: Taken | None, held: Held | None, entries: Sequence[Listed]) -> str:
    granted = use.unit.granted
    resource = _resource(granted) + (f" ({held.verdict})" if held else "")
    if not use.is_used:
        known = excepted(use.unit, entries, Kind.BY_AWS, Kind.UNUSED)
        why = (
            "**no run uses it**" if known is None else f"{known.reason} {f'[AWS]({known.page})' if known.page else ''}"
        )
        return f"| `{granted.action}` | {resource} | no | {why.strip()} |"
    known = excepted(use.unit, entries, Kind.UNNOTICED)
    without = "not taken away" if taken is None else f"red: {taken.check}"
    if taken is not None and taken.verdict is not Verdict.RED:
        without = known.reason if known else f"**{taken.verdict}**"
    wider = " of more" if use.wider else ""
    return f"| `{granted.action}` | {resource} | yes{wider} | {without} |"
