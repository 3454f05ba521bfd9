"""The bill of a month: every charge of every resource, with what is always free taken off."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from assembly.cost.figures import Charge, Mode, Month, Row, charge
from assembly.cost.known import PRICED, refuse_unknown
from assembly.cost.prices import Prices, read_prices
from assembly.cost.statement import Statement, images, read_statement
from assembly.templates import Assembly, Resource, read

_IMAGES = "container images"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bill:
    """What an assembly costs a month."""

    statement: Statement
    region: str
    """Region whose prices count."""
    rows: tuple[Row, ...]
    """All that costs something with the traffic that is stated."""
    awake_usd: float
    """The total if nothing ever slept."""
    idle_usd: float
    """The total of a month without any traffic."""
    prices_from: str
    """The oldest day for which a price among the rows holds, as YYYY-MM-DD."""

    @property
    def total_usd(self) -> float:
        """US dollars a month."""
        return sum(row.usd for row in self.rows)

    @property
    def over_budget(self) -> bool:
        """Whether there is a budget that the total exceeds."""
        budget = self.statement.monthly_budget_usd
        return budget is not None and self.total_usd > budget

    def by(self, group: Callable[[Row], str]) -> dict[str, float]:
        """US dollars a month by what rows have in common."""
        found: dict[str, float] = {}
        for row in self.rows:
            found[group(row)] = found.get(group(row), 0) + row.usd
        return found

    def by_stack(self) -> dict[str, float]:
        """US dollars a month by stack, without what the names of all stacks begin with."""
        begin = self._common_beginning()
        return self.by(lambda row: row.stack[begin:])

    def by_kind(self) -> dict[str, float]:
        """US dollars a month by what is paid for."""
        return self.by(lambda row: row.kind)

    def largest(self, count: int = 3) -> list[tuple[str, float]]:
        """The largest lines: what is paid for, of which resource, and US dollars a month."""
        begin = self._common_beginning()
        lines = self.by(lambda row: f"{row.kind} ({row.stack[begin:]}: {row.resource})")
        return sorted(lines.items(), key=lambda line: -line[1])[:count]

    def _common_beginning(self) -> int:
        stacks = {row.stack for row in self.rows}
        parts = [stack.split("-")[:-1] for stack in stacks]
        common = takewhile(lambda each: len(set(each)) == 1, zip(*parts, strict=False))
        return sum(len(part) + 1 for part, *_ in common) if len(stacks) > 1 else 0


def read_bill(folder: Path, region: str | None = None) -> Bill:
    """Compute what the assembly in a folder costs.

    Args:
        folder: with its `manifest.json`.
        region: whose prices count; None takes the one that the assembly states.

    Raises:
        InputError: the folder holds no assembly, its statement is wrong, or something in it cannot be priced.
    """
    return compute(read(folder), read_statement(folder), images(folder), region)


def compute(
    assembly: Assembly, statement: Statement, image_counts: Mapping[str, int] | None = None, region: str | None = None
) -> Bill:
    """Compute what an assembly costs.

    Raises:
        InputError: something in it cannot be priced.
    """
    refuse_unknown({resource.type for resource in assembly.resources})
    prices = read_prices(region or statement.region)
    month = Month(assembly, statement.traffic, Mode.STATED)
    rows, awake, idle = (
        _rows(month.in_mode(mode), prices, image_counts or {}) for mode in (Mode.STATED, Mode.AWAKE, Mode.IDLE)
    )
    return Bill(
        statement=statement,
        region=prices.region,
        rows=tuple(row for row in rows if row.quantity),
        awake_usd=sum(row.usd for row in awake),
        idle_usd=sum(row.usd for row in idle),
        prices_from=min((row.price.date for row in rows), default=""),
    )


def _rows(month: Month, prices: Prices, image_counts: Mapping[str, int]) -> list[Row]:
    found = [
        _row(resource, each, prices)
        for resource in month.assembly.resources
        if resource.type in PRICED
        for each in PRICED[resource.type](month, resource)
    ]
    for resource, count in _repositories(image_counts):
        gib = count * month.traffic.images_kept * month.traffic.image_gib
        found.append(_row(resource, charge("ecr.gib_month", gib), prices))
    return _without_free(found, prices)


def _row(resource: Resource, each: Charge, prices: Prices) -> Row:
    return Row(
        stack=resource.stack,
        resource=resource.path,
        logical_id=resource.logical_id,
        type=resource.type,
        price=prices.price(each.price, f"{resource.stack}: {resource.path}"),
        quantity=each.quantity,
    )


def _repositories(image_counts: Mapping[str, int]) -> Iterator[tuple[Resource, int]]:
    """Stands for what the repository of the assets keeps of a stack; it is made by the bootstrap, not by a template."""
    for stack, count in image_counts.items():
        kind = "AWS::ECR::Repository"
        yield Resource(stack=stack, logical_id=_IMAGES, type=kind, properties={}, path=_IMAGES, region=None), count


def _without_free(rows: Sequence[Row], prices: Prices) -> list[Row]:
    """Share each free tier among the rows it covers, by their quantities: an account has it once."""
    totals: dict[str, float] = {}
    for row in rows:
        if (tier := row.price.free_tier) is not None:
            totals[tier] = totals.get(tier, 0) + row.quantity
    return [
        replace(row, free=row.quantity * min(1, prices.free_tiers[tier].quantity_per_month / totals[tier]))
        if (tier := row.price.free_tier) is not None and totals[tier]
        else row
        for row in rows
    ]
