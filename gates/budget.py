"""Nothing costs more than its configuration says it may."""

from pathlib import Path

from assembly.cost.bill import read_bill
from assembly.cost.report import usd
from assembly.errors import InputError
from config.model import CostConfig, SystemConfig
from config.problems import ConfigError, Problem
from constructs_lib.providers import Provider
from gates.refusal import withdraw

_KEPT, _IGNORED = "kept", "ignored"


def is_kept(choice: str | None, provider: Provider) -> bool:
    """Tell whether the budget is to be kept: `ignored` asks for an assembly whatever it costs, to look at its cost.

    Raises:
        ConfigError: there is no such choice.
    """
    if choice not in (None, _KEPT, _IGNORED):
        problem = Problem(field="budget", value=choice, allowed=f"no such choice; allowed: {_KEPT}, {_IGNORED}")
        raise ConfigError("configuration", [problem])
    # An embedded cloud costs nothing.
    return choice != _IGNORED and provider.is_aws


def check_budget(config: SystemConfig, assembly: Path) -> None:
    """Compute what the templates cost.

    Raises:
        ConfigError: it is more than the budget.
        InputError: something in it cannot be priced.
    """
    if not isinstance(config.cost, CostConfig):
        return
    try:
        bill = read_bill(assembly)
    except InputError:
        withdraw(assembly)
        raise
    if not bill.over_budget:
        return
    withdraw(assembly)
    lines = ", ".join(f"{name} {usd(amount)}" for name, amount in bill.largest())
    allowed = (
        f"the templates cost {usd(bill.total_usd)} USD a month, the largest lines: {lines}; make them smaller, or "
        "raise the budget; make cost shows all of it"
    )
    problem = Problem(field="cost.monthly_budget_usd", value=config.cost.monthly_budget_usd, allowed=allowed)
    raise ConfigError(f"configuration {config.system}/{config.environment}", [problem])
