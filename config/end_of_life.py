"""Until when each engine, runtime and managed version has standard support, and what that says of those in use.

The figures stand in `end_of_life.toml`, each with its source. Days are text such as 2027-03-31: what reads the clock is
above this package, and hands over a `Calendar`.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from config.model import (
    AuroraConfig,
    BrokerConfig,
    CacheConfig,
    DatabaseConfig,
    InstanceConfig,
    SearchConfig,
    SystemConfig,
)
from config.problems import Problem
from config.section import Section

WARNING_DAYS = 180
"""Days ahead at which the end of something in use is told."""
_FILE = Path(__file__).with_suffix(".toml")
# What the field `engine_version` is the version of; a cache has a field for that.
_PRODUCTS: Mapping[type[Section], str] = {
    AuroraConfig: "aurora-postgresql",
    InstanceConfig: "rds-postgresql",
    BrokerConfig: "amazon-mq-rabbitmq",
    SearchConfig: "opensearch",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """The days that ends are compared with, each as YYYY-MM-DD."""

    today: str
    soon: str
    """The day `WARNING_DAYS` after today: what ends until then is told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lifetime:
    """How long a version of a product has standard support."""

    product: str
    """Key of the product in the data file."""
    version: str
    """The version; stands for all that begin with it, as far as they have no lifetime of their own."""
    called: str
    """Product and version, as people call them."""
    end: str | None
    """The last day; None where it is not known, or there is none."""
    gone: str | None
    """Why nothing can be made of it any more, where no day is known; else None."""
    source: str
    """The page that says so."""
    take: str
    """What to take instead."""

    def __str__(self) -> str:
        """Give the end with its source, and what to take."""
        said = f"end of standard support {self.end}" if self.end else self.gone or "no end of support is announced"
        return f"{self.called}: {said} ({self.source}); take {self.take}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """A version in use."""

    field: str
    """Where it is set: a field of the configuration, a resource of a template, or a file."""
    product: str
    """Key of the product in the data file."""
    version: str
    """Its version, which is the value of the field."""


@cache
def lifetimes() -> Mapping[tuple[str, str], Lifetime]:
    """Return all lifetimes by product and version, in the order of the data file."""
    read = tomllib.loads(_FILE.read_text())
    return {
        (product, version): Lifetime(
            product=product,
            version=version,
            called=about["called"].format(version),
            end=str(said["end"]) if "end" in said else None,
            gone=said.get("gone"),
            source=said.get("source", about["source"]),
            take=said.get("take", about["take"]),
        )
        for product, about in read.items()
        for version, said in about["versions"].items()
    }


def lifetime_of(product: object, version: object) -> Lifetime | None:
    """Return the lifetime of the longest beginning of a version that has one; None where nothing is known of it."""
    if not isinstance(product, str) or not isinstance(version, str):
        # Of a field that holds something else, its own refusal tells.
        return None
    parts = version.split(".")
    found = (lifetimes().get((product, ".".join(parts[:count]))) for count in range(len(parts), 0, -1))
    return next((each for each in found if each is not None), None)


def uses(config: SystemConfig) -> Iterator[Use]:
    """Yield the versions that a configuration chooses."""
    for key, database in config.databases.items():
        yield _use(f"databases.{key}", database)
    if config.cache is not None:
        yield _use("cache", config.cache)
    if config.broker is not None:
        yield _use("broker", config.broker)
    if config.search is not None:
        yield _use("search", config.search)


def refusal(kind: type[Section], name: str, value: object) -> str:
    """Return what is known of a version that a field does not take; nothing for other fields and versions."""
    if name != "engine_version" or kind not in _PRODUCTS:
        return ""
    found = lifetime_of(_PRODUCTS[kind], str(value))
    return str(found) if found is not None else ""


def _use(field: str, section: DatabaseConfig | CacheConfig | BrokerConfig | SearchConfig) -> Use:
    product = section.engine if isinstance(section, CacheConfig) else _PRODUCTS[type(section)]
    return Use(field=f"{field}.engine_version", product=product, version=section.engine_version)


def past(used: Iterable[Use], calendar: Calendar) -> list[Problem]:
    """Return what is used past its end, or cannot be made at all."""
    return [
        Problem(field=use.field, value=use.version, allowed=str(found))
        for use in used
        if (found := lifetime_of(use.product, use.version)) is not None
        and (found.gone is not None or (found.end is not None and found.end < calendar.today))
    ]


def soon(used: Iterable[Use], calendar: Calendar) -> list[Problem]:
    """Return what ends within `WARNING_DAYS`, each version once, with the first place that uses it."""
    told: dict[Lifetime, list[Use]] = {}
    for use in used:
        found = lifetime_of(use.product, use.version)
        if found is not None and found.end is not None and calendar.today <= found.end <= calendar.soon:
            told.setdefault(found, []).append(use)
    return [
        Problem(
            field=first.field + (f" and {len(others)} more" if others else ""),
            value=first.version,
            allowed=str(lifetime),
        )
        for lifetime, (first, *others) in told.items()
    ]
