"""The table of all failures, for people and for programs."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby

from assembly.recovery import databases, others
from assembly.recovery.figures import Figure, Row, Targets, duration
from assembly.templates import Assembly

_HEADINGS = ("failure", "RTO", "RPO", "targets", "because")
_NEVER, _ALL = "never", "all"


def compute(assembly: Assembly) -> list[Row]:
    """Every failure of every resource that holds data."""
    return [*databases.rows(assembly), *others.rows(assembly)]


def as_text(rows: Sequence[Row], targets: Targets) -> str:
    """A section per resource, and the sources at the end."""
    if not rows:
        return "nothing here holds data: no database, cache, broker or bucket\n"
    sources = list(dict.fromkeys(row.source for row in rows))
    cells = {id(row): _cells(row, targets) for row in rows}
    widths = [max(len(each[column]) for each in [_HEADINGS, *cells.values()]) for column in range(len(_HEADINGS) - 1)]
    met = sum(row.meets(targets) for row in rows)
    lines = [
        f"targets: RTO below {duration(targets.rto_seconds)}, RPO below {duration(targets.rpo_seconds)}; "
        f"{met} of {len(rows)} failures meet both",
    ]
    for (stack, resource, kind), group in groupby(rows, key=lambda row: (row.stack, row.resource, row.kind)):
        lines += ["", f"{stack}: {kind} {resource}", _line(_HEADINGS, widths)]
        for row in group:
            number = sources.index(row.source) + 1
            lines.append(f"{_line(cells[id(row)], widths)} [{number}]")
            if row.improvement and not row.meets(targets):
                lines.append(f"  {'':<{widths[0]}}  better with: {row.improvement}")
    lines += ["", "sources"]
    lines += [f"  [{number}] {source}" for number, source in enumerate(sources, start=1)]
    lines += [
        "  Reaction, restore, deployment and replacement are assumptions: assembly/recovery/figures.py says which."
    ]
    return "\n".join(lines) + "\n"


def as_json(rows: Iterable[Row], targets: Targets) -> str:
    """All figures, in seconds; null where there is no bound."""
    document = {
        "targets": asdict(targets),
        "rows": [{**asdict(row), "met": row.meets(targets)} for row in rows],
    }
    return json.dumps(document, indent=2) + "\n"


def _cells(row: Row, targets: Targets) -> tuple[str, ...]:
    return (
        row.failure,
        _figure(row.rto, _NEVER),
        _figure(row.rpo, _ALL),
        "met" if row.meets(targets) else "missed",
        _because(row),
    )


def _because(row: Row) -> str:
    parts = dict.fromkeys(figure.formula for figure in (row.rto, row.rpo))
    return "; ".join(parts)


def _figure(figure: Figure, unbounded: str) -> str:
    if figure.seconds is None:
        return unbounded
    return "0" if figure.seconds == 0 else duration(figure.seconds)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    *columns, last = cells
    return "  " + "  ".join([*(f"{cell:<{width}}" for cell, width in zip(columns, widths, strict=True)), last])
