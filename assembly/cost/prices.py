"""The prices of a region, out of the file beside this module."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from assembly.errors import InputError

PRICE_FILE = Path(__file__).with_name("prices.json")
# As AWS's own examples and its calculator have it.
HOURS_PER_MONTH = 730
DAYS_PER_MONTH = HOURS_PER_MONTH / 24


@dataclass(frozen=True, kw_only=True, slots=True)
class FreeTier:
    """How much of something an account gets for nothing, every month and for ever."""

    name: str
    quantity_per_month: float
    unit: str
    date: str
    """Day for which it holds, as YYYY-MM-DD."""
    source: str
    """The page of AWS that states it."""
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What one unit costs in a region."""

    name: str
    """Such as `alb.hour`."""
    region: str
    kind: str
    """What it is paid for, as reports call it, such as `Load balancer`."""
    unit: str
    usd: float
    """US dollars per unit, in the first tier of a price that falls with use."""
    date: str
    """Day for which it holds, as YYYY-MM-DD."""
    source: str
    """The page of AWS that states it."""
    free_tier: str | None = None
    """Name of the free tier that comes off first."""
    note: str = ""
    """What is uncertain about it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """All prices of one region."""

    region: str
    by_name: dict[str, Price]
    free_tiers: dict[str, FreeTier]

    def price(self, name: str, asked_by: str) -> Price:
        """Return a price.

        Raises:
            InputError: there is none of this name; the message says what asked for it.
        """
        if name not in self.by_name:
            raise InputError(
                f"{asked_by}: no price {name} in {self.region}; add it to assembly/cost/{PRICE_FILE.name}, "
                "or choose what is priced there"
            )
        return self.by_name[name]


def read_prices(region: str) -> Prices:
    """Return the prices of a region.

    Raises:
        InputError: there are none.
    """
    content = _content()
    prices = [Price(**entry) for entry in content["prices"]]
    regions = sorted({price.region for price in prices})
    if region not in regions:
        raise InputError(f"no prices for region {region}; there are those of {', '.join(regions)}")
    return Prices(
        region=region,
        by_name={price.name: price for price in prices if price.region == region},
        free_tiers={tier.name: tier for tier in (FreeTier(**entry) for entry in content["free_tiers"])},
    )


@cache
def _content() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(PRICE_FILE.read_text(encoding="utf-8"))
    return content
