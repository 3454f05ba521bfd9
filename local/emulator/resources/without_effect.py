"""Types that are accepted and recorded only: budgets and associations of Web ACLs.

Nothing costs anything here, so that a budget would never be used up; no load balancer of the emulator asks a Web ACL.
"""

from collections.abc import Mapping

from local.emulator.resources.recorded import RecordedOnly, RecordedProvider
from local.emulator.resources.registry import Properties, Provider

_BUDGET = "AWS::Budgets::Budget"
_ASSOCIATION = "AWS::WAFv2::WebACLAssociation"


def types(recorded: RecordedOnly) -> Mapping[str, Provider]:
    """The types."""
    return {_BUDGET: _Budget(_BUDGET, recorded), _ASSOCIATION: _Association(_ASSOCIATION, recorded)}


class _Budget(RecordedProvider):
    """AWS::Budgets::Budget; Ref is its name."""

    def physical_id(self, logical_id: str, properties: Properties, stack: str) -> str:
        """Its name."""
        name = (properties.get("Budget") or {}).get("BudgetName")
        return str(name or super().physical_id(logical_id, properties, stack))


class _Association(RecordedProvider):
    """AWS::WAFv2::WebACLAssociation."""

    def physical_id(self, logical_id: str, properties: Properties, stack: str) -> str:  # noqa: ARG002
        """Both of its ends."""
        return f"{properties['WebACLArn']}|{properties['ResourceArn']}"
