"""The price file, and what is said of a price that it lacks."""

import json
from datetime import date

import pytest

from assembly.cost.prices import PRICE_FILE, read_prices
from assembly.errors import InputError

CONTENT = json.loads(PRICE_FILE.read_text())
ENTRIES = [*CONTENT["prices"], *CONTENT["free_tiers"]]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["name"])
def test_every_entry_says_of_when_it_is_and_where_aws_states_it(entry: dict[str, str]) -> None:
    assert date.fromisoformat(entry["date"]) >= date(2026, 1, 1)
    assert entry["source"].startswith("https://aws.amazon.com/")
    assert entry["unit"]


def test_prices_are_above_zero_and_there_once() -> None:
    assert all(entry["usd"] > 0 for entry in CONTENT["prices"])
    names = [(entry["name"], entry["region"]) for entry in CONTENT["prices"]]
    assert len(names) == len(set(names))


def test_every_free_tier_belongs_to_a_price_and_the_other_way_round() -> None:
    tiers = {entry["name"] for entry in CONTENT["free_tiers"]}
    assert {entry["free_tier"] for entry in CONTENT["prices"] if "free_tier" in entry} == tiers


def test_a_region_without_prices_is_refused_with_those_that_have_some() -> None:
    with pytest.raises(InputError, match=r"^no prices for region ap-south-1; there are those of us-east-1$"):
        read_prices("ap-south-1")


def test_a_price_that_is_missing_is_named_with_what_asks_for_it() -> None:
    with pytest.raises(InputError) as refused:
        read_prices("us-east-1").price("ec2.x9.huge.hour", "shop-data: Nat")
    assert str(refused.value) == (
        "shop-data: Nat: no price ec2.x9.huge.hour in us-east-1; add it to assembly/cost/prices.json, "
        "or choose what is priced there"
    )
