"""The table: each requirement with its verdict and what it rests on."""

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.conformance.catalogue import Catalogue, Item, Requirement
from tests.conformance.run import Outcome

_WIDTH = 120
# Of number and verdict, with the space behind each.
_INDENT = 19


class Verdict(StrEnum):
    """What a row comes to."""

    PASSED = "passed"
    FAILED = "FAILED"
    NOT_YET = "not yet"
    SETTLED = "settled"
    NOT_RUN = "not run here"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """An item with what its checks showed."""

    item: Item
    outcomes: Mapping[str, Outcome]

    @property
    def verdict(self) -> Verdict:
        """A check that does not pass comes first: what does not hold is no promise for later."""
        ended = set(self.outcomes.values())
        if ended - {Outcome.PASSED, Outcome.NOT_RUN}:
            return Verdict.FAILED
        if self.item.not_yet:
            return Verdict.NOT_YET
        if Outcome.NOT_RUN in ended:
            return Verdict.NOT_RUN
        return Verdict.SETTLED if self.item.settled else Verdict.PASSED

    @property
    def reason(self) -> str | None:
        """Why it is not simply passed."""
        return self.item.not_yet or self.item.settled


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """All rows by section."""

    catalogue: Catalogue
    outcomes: Mapping[str, Outcome]

    @property
    def rows(self) -> Sequence[Row]:
        """Every row, in the order of the table."""
        return [self._row(item) for item in self.catalogue.items]

    @property
    def holds(self) -> bool:
        """Whether no check failed."""
        return all(row.verdict is not Verdict.FAILED for row in self.rows)

    def as_text(self) -> str:
        """For people: a table per section, and the sums."""
        lines: list[str] = []
        for section in self.catalogue.sections:
            lines += [f"{section.letter}. {section.title}", ""]
            for item in section.items:
                lines += _lines(self._row(item))
            lines.append("")
        lines += self._sums()
        return "\n".join(lines) + "\n"

    def as_json(self) -> str:
        """For programs."""
        document = {
            "rows": [
                {
                    "section": section.letter,
                    "number": item.number if isinstance(item, Requirement) else None,
                    "text": item.text,
                    "verdict": row.verdict.lower(),
                    "reason": row.reason,
                    "checks": row.outcomes,
                }
                for section in self.catalogue.sections
                for item in section.items
                for row in [self._row(item)]
            ],
            "sums": {kind: {name.lower(): number for name, number in sums.items()} for kind, sums in self._counted()},
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    def _row(self, item: Item) -> Row:
        return Row(item=item, outcomes={check: self.outcomes[check] for check in item.checks})

    def _counted(self) -> Iterator[tuple[str, Counter[Verdict]]]:
        for kind, numbered in (("requirements", True), ("conflicts", False)):
            rows = [row for row in self.rows if isinstance(row.item, Requirement) is numbered]
            yield kind, Counter(row.verdict for row in rows)

    def _sums(self) -> Iterator[str]:
        for kind, sums in self._counted():
            told = ", ".join(f"{sums[verdict]} {verdict}" for verdict in Verdict if sums[verdict])
            yield f"{sums.total()} {kind}: {told or 'none'}"
        yield f"{len(self.outcomes)} checks: " + ", ".join(
            f"{number} {outcome}" for outcome, number in sorted(Counter(self.outcomes.values()).items())
        )


def _lines(row: Row) -> Iterator[str]:
    number = row.item.number if isinstance(row.item, Requirement) else ""
    first, *others = textwrap.wrap(row.item.text, _WIDTH - _INDENT)
    yield f"{number:>4}  {row.verdict:<12} {first}"
    indent = " " * _INDENT
    for line in others:
        yield indent + line
    if row.reason:
        yield from textwrap.wrap(f"→ {row.reason}", _WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ")
    for check, outcome in row.outcomes.items():
        yield f"{indent}{check}" + ("" if outcome is Outcome.PASSED else f"  ({outcome})")
