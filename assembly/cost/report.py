"""Bills side by side, for people and for programs."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict

from assembly.cost.bill import Bill

_GAP = "  "
_NOTHING = "-"


def as_text(bills: Sequence[Bill], *, resources: bool = False) -> str:
    """A column per bill: by stack, by kind, the totals, and what is over its budget.

    Args:
        bills: in their order from left to right.
        resources: whether each charge of each resource is listed besides.
    """
    names = [bill.statement.name for bill in bills]
    width = max([9, *(len(name) for name in names)])
    rows: list[tuple[str, Sequence[str]]] = [("USD a month", names)]
    for heading, group in (("by stack", Bill.by_stack), ("by kind", Bill.by_kind)):
        rows += [("", ()), (heading, ()), *_section(bills, group)]
    rows += [
        ("", ()),
        ("total", [usd(bill.total_usd) for bill in bills]),
        ("budget", [_budget(bill) for bill in bills]),
        ("", [_verdict(bill) for bill in bills]),
        ("round the clock", [usd(bill.awake_usd) for bill in bills]),
        ("idle", [usd(bill.idle_usd) for bill in bills]),
    ]
    first = max(len(label) for label, _ in rows)
    lines = [
        _GAP.join([f"{label:<{first}}", *(f"{cell:>{width}}" for cell in cells)]).rstrip() for label, cells in rows
    ]
    for bill in bills:
        if bill.over_budget:
            lines += ["", overrun(bill)]
    if resources:
        for bill in bills:
            lines += ["", *_detail(bill)]
    return "\n".join([*lines, "", *_basis(bills)]) + "\n"


def overrun(bill: Bill) -> str:
    """One line: by how much a bill exceeds its budget, and its three largest lines."""
    lines = ", ".join(f"{name} {usd(amount)}" for name, amount in bill.largest())
    return (
        f"{bill.statement.name} costs {usd(bill.total_usd)} USD a month, over its budget of {_budget(bill)}; "
        f"the largest lines: {lines}"
    )


def as_json(bills: Sequence[Bill]) -> str:
    """All figures, in US dollars a month."""
    document = [
        {
            "name": bill.statement.name,
            "region": bill.region,
            "traffic": asdict(bill.statement.traffic),
            "total_usd": bill.total_usd,
            "monthly_budget_usd": bill.statement.monthly_budget_usd,
            "within": not bill.over_budget,
            "round_the_clock_usd": bill.awake_usd,
            "idle_usd": bill.idle_usd,
            "by_stack": bill.by_stack(),
            "by_kind": bill.by_kind(),
            "rows": [{**asdict(row), "kind": row.kind, "usd": row.usd} for row in bill.rows],
        }
        for bill in bills
    ]
    return json.dumps(document, indent=2) + "\n"


def _section(bills: Sequence[Bill], group: Callable[[Bill], dict[str, float]]) -> list[tuple[str, Sequence[str]]]:
    groups = [group(bill) for bill in bills]
    largest = {name: max(each.get(name, 0) for each in groups) for each in groups for name in each}
    return [
        (f"  {name}", [usd(each[name]) if name in each else _NOTHING for each in groups])
        for name in sorted(largest, key=lambda name: (-largest[name], name))
    ]


def _detail(bill: Bill) -> list[str]:
    rows = sorted(bill.rows, key=lambda row: -row.usd)
    places = [f"{row.stack}: {row.resource}" for row in rows]
    width = max((len(place) for place in places), default=0)
    return [
        bill.statement.name,
        *(
            f"{usd(row.usd):>9}{_GAP}{row.kind:<20}{_GAP}{place:<{width}}{_GAP}{row.formula}"
            for row, place in zip(rows, places, strict=True)
        ),
    ]


def _basis(bills: Sequence[Bill]) -> list[str]:
    """What the figures rest on."""
    regions = ", ".join(sorted({bill.region for bill in bills}))
    oldest = min(bill.prices_from for bill in bills)
    used = {row.price.name: row.price for bill in bills for row in bill.rows}
    unconfirmed = sum(price.note.startswith("Not confirmed") for price in used.values())
    return [
        f"List prices of {regions}, each of {oldest} or later; {unconfirmed} of these {len(used)} are not confirmed, "
        "as assembly/cost/prices.json notes.",
        "Free tiers that never end count once in each column. Not counted: taxes, support, what e-mail and SMS cost, "
        "and requests that come to cents.",
    ]


def usd(amount: float) -> str:
    """An amount for people, in US dollars and cents."""
    return f"{amount:,.2f}"


def _budget(bill: Bill) -> str:
    budget = bill.statement.monthly_budget_usd
    return _NOTHING if budget is None else usd(budget)


def _verdict(bill: Bill) -> str:
    if bill.statement.monthly_budget_usd is None:
        return _NOTHING
    return "over" if bill.over_budget else "within"
