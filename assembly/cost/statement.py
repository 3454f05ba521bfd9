"""What an app states about its costs: its budget, and the traffic of a month, which no template tells.

It stands in the assembly as metadata of a construct, of the type `assembly:cost`; in the CDK:
`stack.node.add_metadata("assembly:cost", {"monthly_budget_usd": 50, "traffic": {"requests_per_month": 100000}})`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from assembly.errors import InputError
from assembly.manifest import document, stack_artifacts

METADATA_TYPE = "assembly:cost"
# The region whose list prices AWS's own examples name.
DEFAULT_REGION = "us-east-1"
_KNOWN = ("name", "region", "monthly_budget_usd", "traffic")


@dataclass(frozen=True, kw_only=True, slots=True)
class Traffic:
    """A month of use; whatever is left out costs nothing, or as little as it can."""

    requests_per_month: float = 0
    """Requests that load balancers take."""
    messages_per_month: float = 0
    """Messages that pass through a queue."""
    messages_per_invocation: float = 1
    """Messages that a function takes from a queue at once."""
    function_seconds: float = 1
    """Duration of one invocation of a function."""
    out_gib_per_month: float = 0
    """Data sent to the internet, on whatever way."""
    nat_gib_per_month: float = 0
    """Data through NAT, both ways; where there is none, through interface endpoints."""
    log_gib_per_month: float = 0
    """Logs sent to CloudWatch, without those of Container Insights."""
    custom_metrics: float = 0
    """Metrics of their own that programs send to CloudWatch."""
    prometheus_samples_per_month: float = 0
    """Samples sent to workspaces of Prometheus."""
    autoscaling_share: float = 0
    """Where services stand on average between their least (0) and their most (1) tasks."""
    database_awake_hours_per_month: float = 730
    """Hours for which databases that may pause do not."""
    database_acu: float = 0.5
    """Average capacity of each instance of a serverless database while it is awake, in Aurora Capacity Units."""
    database_gib: float = 10
    """Data in each database."""
    database_ios_per_month: float = 0
    """I/O requests of each Aurora cluster to its storage."""
    database_daily_change_share: float = 0.05
    """Share of a database's data that changes in a day, and so has to be backed up besides."""
    bucket_gib: float = 0
    """Data in each bucket."""
    bucket_writes_per_month: float = 0
    """Objects written to each bucket."""
    cache_gib: float = 0.5
    """Data in each cache: the size of a snapshot."""
    broker_gib: float = 1
    """Messages and logs on the volume of each broker node."""
    image_gib: float = 0.3
    """Size of a container image in its repository."""
    images_kept: float = 10
    """Images of each container that the repository keeps."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """What is stated about an assembly."""

    name: str
    """What reports call the assembly."""
    region: str = DEFAULT_REGION
    """Region whose prices count."""
    monthly_budget_usd: float | None = None
    """What a month may cost; None is no budget."""
    traffic: Traffic


def read_statement(folder: Path) -> Statement:
    """Return what an assembly states; without a statement, it has no budget and no traffic.

    Raises:
        InputError: a file cannot be read, or the statement is not one, or there are several that differ.
    """
    found = [(place, content) for place, content in _statements(folder)]
    if not found:
        return Statement(name=folder.name, traffic=Traffic())
    (place, content), *others = found
    for other_place, other in others:
        if other != content:
            raise InputError(
                f"{folder}: {METADATA_TYPE} of {other_place} differs from that of {place}; state it once, or the same"
            )
    return _parsed(content, f"{folder}: {METADATA_TYPE} of {place}", folder.name)


def images(folder: Path) -> dict[str, int]:
    """Return how many container images the stacks of an assembly bring, by the name of the stack."""
    counts = {
        stack.name: len(document(assets).get("dockerImages") or {})
        for stack in stack_artifacts(folder)
        for assets in stack.asset_manifests
    }
    return {name: count for name, count in counts.items() if count}


def _statements(folder: Path) -> Iterator[tuple[str, Any]]:
    """Construct path and content of each statement."""
    for stack in stack_artifacts(folder):
        yield from _of_metadata(stack.metadata)
        if stack.metadata_file is not None:
            yield from _of_metadata(_additional(stack.metadata_file))


def _additional(path: Path) -> dict[str, Any]:
    """Metadata in a file of its own; most files hold stack traces only, which take long to parse."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); synthesize anew") from None
    if json.dumps(METADATA_TYPE) not in text:
        return {}
    return document(path)


def _of_metadata(metadata: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for place, entries in metadata.items():
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Mapping) and entry.get("type") == METADATA_TYPE:
                yield place, entry.get("data")


def _parsed(content: Any, place: str, name: str) -> Statement:
    if not isinstance(content, Mapping):
        raise InputError(f"{place} is no object; allowed in it: {', '.join(_KNOWN)}")
    _refuse_unknown(content, _KNOWN, place)
    traffic = content.get("traffic") or {}
    if not isinstance(traffic, Mapping):
        raise InputError(f"{place}: traffic = {traffic!r} is no object")
    _refuse_unknown(traffic, tuple(field.name for field in fields(Traffic)), f"{place}: traffic")
    numbers = {key: _number(value, f"{place}: traffic.{key}") for key, value in traffic.items()}
    budget = content.get("monthly_budget_usd")
    return Statement(
        name=str(content.get("name", name)),
        region=str(content.get("region", DEFAULT_REGION)),
        monthly_budget_usd=None if budget is None else _number(budget, f"{place}: monthly_budget_usd"),
        traffic=Traffic(**numbers),
    )


def _refuse_unknown(content: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    if unknown := [key for key in content if key not in known]:
        raise InputError(f"{place}: {unknown[0]!r} is unknown; allowed: {', '.join(known)}")


def _number(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise InputError(f"{place} = {value!r}; allowed: a number of 0 or more")
    return float(value)
