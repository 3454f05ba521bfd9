"""Types that are accepted and recorded only: budgets. Nothing costs anything here, so one would never be used up."""

from collections.abc import Mapping

from local.emulator.resources.recorded import RecordedOnly, RecordedProvider
from local.emulator.resources.registry import Properties, Provider

_BUDGET = "AWS::Budgets::Budget"


def types(recorded: RecordedOnly) -> Mapping[str, Provider]:
    """The types."""
    return {_BUDGET: _Budget(_BUDGET, recorded)}


class _Budget(RecordedProvider):
    """AWS::Budgets::Budget; Ref is its name."""

    def physical_id(self, logical_id: str, properties: Properties, stack: str) -> str:
        """Its name."""
        name = (properties.get("Budget") or {}).get("BudgetName")
        return str(name or super().physical_id(logical_id, properties, stack))
