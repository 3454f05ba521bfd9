"""The reference of all fields, and of what the systems set them to, as Markdown."""

from collections.abc import Iterator, Sequence

from config.describe import fields_of, sections
from config.load import system_names
from config.section import Section
from config.side_by_side import Sides, side_by_side

_HEAD = """\
# Configuration

Every field that a system can set, and what the systems set them to. `make config-docs` writes this file from the
docstrings and types in `config/`, and a test holds it to them; `make config SYSTEM=…` prints the same of one system.

Sections are frozen and refuse what they do not know. What fields may be only together stands in `config/rules/`, and
until when a version may be used in `config/end_of_life.toml`.
"""


def reference() -> str:
    """Return the whole file."""
    parts = [_HEAD, "## Fields\n", *(_section(each) for each in sections())]
    parts += ["## Systems side by side\n", _LEGEND, *(_system(side_by_side(name)) for name in system_names())]
    return "\n".join(parts)


_LEGEND = """\
`≠` marks fields in which the environments differ; `*` stands for every name where all are alike.
"""


def _section(section: type[Section]) -> str:
    lines = [f"### {section.__name__}", "", " ".join((section.__doc__ or "").split()), ""]
    rows = [(f"`{it.name}`", it.type, it.unit, it.allowed, it.default, it.meaning) for it in fields_of(section)]
    return "\n".join([*lines, *_table(("field", "takes", "unit", "allowed", "default", "meaning"), rows), ""])


def _system(sides: Sides) -> str:
    rows = [("≠" if row.differs else "", f"`{row.field}`", *row.values.values()) for row in sides.rows]
    notes = [
        f"- {environment} is refused as it stands: {note}" for environment, told in sides.notes.items() for note in told
    ]
    return "\n".join([f"### {sides.system}", "", *_table(("", "field", *sides.environments), rows), "", *notes, ""])


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    for cells in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
