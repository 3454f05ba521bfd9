"""Small assemblies to be priced, and what is read from their bills."""

import json
from pathlib import Path
from typing import Any

from assembly.cost.bill import Bill, compute, read_bill
from assembly.cost.statement import Statement, Traffic
from tests.assembly.assemblies import resources, write

# A year of 365 days has 730 hours a month.
HOURS = 730
QUIET = Traffic(database_gib=0)


def bill(folder: Path, traffic: Traffic = QUIET, **given: dict[str, Any]) -> Bill:
    """The bill of one stack: a resource per keyword, as type and properties."""
    return compute(resources(folder, **given), Statement(name="shop", traffic=traffic))


def charges(folder: Path, traffic: Traffic = QUIET, **given: dict[str, Any]) -> dict[str, float]:
    """Quantities by the name of their price, before free tiers."""
    found: dict[str, float] = {}
    for row in bill(folder, traffic, **given).rows:
        found[row.price.name] = found.get(row.price.name, 0) + row.quantity
    return found


def stated(folder: Path, statement: Any, **templates: dict[str, Any]) -> Path:
    """An assembly whose first stack carries a statement, as the CDK writes it: in a file beside the template."""
    write(folder, **templates)
    manifest = json.loads((folder / "manifest.json").read_text())
    first = next(iter(templates))
    entries = [{"type": "aws:cdk:creationStack", "data": []}, {"type": "assembly:cost", "data": statement}]
    (folder / f"{first}.metadata.json").write_text(json.dumps({f"/{first}": entries}))
    manifest["artifacts"][first]["additionalMetadataFile"] = f"{first}.metadata.json"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def total(folder: Path) -> float:
    return read_bill(folder).total_usd
