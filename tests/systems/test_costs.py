"""Every system is priced in full, within its budget, and as the reference documents reckon or for a stated reason."""

import re
import time
from pathlib import Path

import pytest

from assembly.cost.bill import read_bill
from assembly.cost.known import PRICED, is_free
from config.model import CostConfig
from constructs_lib.project import PROJECT_ROOT
from tests.support.synth import all_environments, configuration, synthesize
from tests.systems.cost_rows import ROWS, bill

# What a deviation is from, where it has to be explained.
TOLERATED_PERCENT = 25
LINE = re.compile(r"\| (notifications|ticketero|platform) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \| (.*?) ?\|")
PAGE = (PROJECT_ROOT / "docs" / "cost.md").read_text()
TABLE = {(found[1], found[2]): found for found in LINE.finditer(PAGE)}


@pytest.mark.parametrize(("system", "environment"), all_environments())
def test_every_type_is_priced_or_known_to_be_free(system: str, environment: str) -> None:
    templates = synthesize(system, environment).templates.values()
    types = {resource["Type"] for template in templates for resource in template["Resources"].values()}
    assert {each for each in types if each not in PRICED and not is_free(each)} == set()


@pytest.mark.parametrize(("system", "environment"), all_environments())
def test_every_environment_is_within_its_budget(system: str, environment: str) -> None:
    found = bill(system, environment)
    cost = configuration(system, environment).cost
    assert isinstance(cost, CostConfig)
    # What is handed over is what is configured.
    assert found.statement.name == f"{system}/{environment}"
    assert found.statement.monthly_budget_usd == cost.monthly_budget_usd
    assert found.statement.traffic.requests_per_month == cost.traffic.requests_per_month
    assert 0 < found.total_usd <= cost.monthly_budget_usd


@pytest.mark.parametrize(("environment", "most_usd"), [("dev", 50), ("staging", 200), ("prod", 500)])
def test_notifications_costs_what_its_requirements_allow(environment: str, most_usd: float) -> None:
    found = bill("notifications", environment)
    assert found.statement.monthly_budget_usd == most_usd
    assert found.total_usd <= most_usd


def test_development_sleeps_for_most_of_the_month() -> None:
    found = bill("notifications", "dev")
    # Eight hours on 22 days are 176 of the month's 730.
    assert found.statement.traffic.database_awake_hours_per_month == 8 * 22
    (cpu,) = (row for row in found.rows if row.price.name == "fargate.arm64.vcpu_hour")
    assert cpu.quantity / 0.5 == pytest.approx(8 * 22, rel=0.02)
    assert found.idle_usd < found.total_usd < found.awake_usd


def test_everything_that_is_reckoned_is_in_the_page_and_the_other_way_round() -> None:
    assert TABLE.keys() == ROWS.keys()


@pytest.mark.parametrize("row", ROWS, ids=": ".join)
def test_a_row_of_the_documents_is_reproduced_or_explained(row: tuple[str, str]) -> None:
    _, _, printed, computed, difference, why = TABLE[row].groups()
    usd = ROWS[row]()
    assert f"{usd:.2f}" == computed
    least, _, most = printed.partition(" to ")
    bounds = float(least), float(most or least)
    near = min(max(usd, bounds[0]), bounds[1])
    percent = round(100 * (usd - near) / near) if near else 0
    assert difference == (f"{percent:+d} %" if percent else "0 %")
    assert abs(percent) <= TOLERATED_PERCENT or len(why) > 20


def test_the_page_says_what_development_costs_awake_and_idle() -> None:
    found = bill("notifications", "dev")
    for usd in (found.total_usd, found.awake_usd, found.idle_usd):
        assert f"{usd:.2f}" in PAGE


def test_synthesis_is_not_held_up() -> None:
    """The largest system, with its files read: a tenth of a second at most."""
    folder: Path = synthesize("ecommerce", "prod").folder
    took = []
    for _ in range(5):
        began = time.process_time()
        read_bill(folder)
        took.append(time.process_time() - began)
    assert min(took) < 0.1
