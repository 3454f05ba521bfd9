"""Environments beside one another as text for people and as JSON for programs."""

import json
from collections.abc import Sequence
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from config.describe import Described
from config.side_by_side import Row, Sides

DIFFERS = "≠"
"""Marks a row in which the environments differ."""
_LONGEST_VALUE = 60


def as_text(every: Sequence[Sides], *, width: int, only_differences: bool = False, is_terminal: bool = False) -> str:
    """Return a table for each system.

    Args:
        every: the systems.
        width: characters of a line.
        only_differences: leave out what is the same in all environments.
        is_terminal: print differences in bold.
    """
    out = StringIO()
    console = Console(file=out, width=width, force_terminal=is_terminal, highlight=False, emoji=False, markup=False)
    for sides in every:
        rows = [row for row in sides.rows if row.differs or not only_differences]
        table = Table(title=sides.system, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(" ", no_wrap=True)
        table.add_column("field", overflow="fold", ratio=3)
        for environment in sides.environments:
            table.add_column(environment, overflow="fold", ratio=2)
        table.add_column("what it is", overflow="fold", ratio=5)
        for row in rows:
            cells = [
                Text(each) for each in (row.field, *map(_shortened, row.values.values()), _explained(row.described))
            ]
            table.add_row(DIFFERS if row.differs else " ", *cells, style="bold" if row.differs else None)
        console.print(table)
        if len(sides.environments) == 1:
            console.print("one environment: nothing to compare it with")
        elif not rows:
            console.print("all environments are the same")
        for environment, notes in sides.notes.items():
            for note in notes:
                console.print(f"{environment} is refused as it stands: {note}")
        console.print()
    # Rich fills lines up to their width.
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def as_json(every: Sequence[Sides], *, only_differences: bool = False) -> str:
    """Return the same for programs: values in full, and each field's type, unit, range, default and docstring."""
    found = {
        sides.system: {
            "environments": list(sides.environments),
            "refused": {name: list(notes) for name, notes in sides.notes.items()},
            "fields": [_as_object(row) for row in sides.rows if row.differs or not only_differences],
        }
        for sides in every
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _as_object(row: Row) -> dict[str, object]:
    it = row.described
    about = (
        {"type": it.type, "unit": it.unit, "allowed": it.allowed, "default": it.default, "meaning": it.meaning}
        if it
        else {}
    )
    return {"field": row.field, "values": dict(row.values), "differs": row.differs, **about}


def _shortened(value: str) -> str:
    return value if len(value) <= _LONGEST_VALUE else f"{value[: _LONGEST_VALUE - 1]}…"


def _explained(it: Described | None) -> str:
    if it is None:
        return ""
    figures = [f"in {it.unit}"] if it.unit and it.unit.lower() not in it.meaning.lower() else []
    figures += [it.allowed] if it.unit and it.allowed else []
    figures += [it.default if it.default == "required" else f"default {it.default}"]
    return f"{it.meaning} [{'; '.join(figures)}]"
