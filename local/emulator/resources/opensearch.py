"""AWS::OpenSearchService::Domain by the emulator's OpenSearch: the control plane alone, without an engine.

The endpoint refuses every connection at once, so that a client takes the same way as when its domain is down.
"""

from collections.abc import Mapping
from typing import Any

from ministack.services import opensearch
from ministack.services.cloudformation import provisioners

from local.emulator.ports import LOOPBACK
from local.emulator.resources.recorded import RecordedOnly
from local.emulator.resources.registry import Properties, Provider, Provisioned

_DOMAIN = "AWS::OpenSearchService::Domain"
# A port below those that servers of ordinary users may take, and that no service in use has (tcpmux).
_CLOSED_PORT = 1


def types(recorded: RecordedOnly) -> Mapping[str, Provider]:
    """The type; each domain is listed in `recorded`, because it has no engine."""
    opensearch._spawn_dataplane = _no_engine
    return {_DOMAIN: _Domain(recorded)}


def _no_engine(*_: Any) -> tuple[str, int, None, None, None]:
    """Where MiniStack starts an engine and its dashboards: where they listen, and their containers."""
    return LOOPBACK, _CLOSED_PORT, None, None, None


class _Domain:
    """AWS::OpenSearchService::Domain."""

    def __init__(self, recorded: RecordedOnly) -> None:
        """List domains in `recorded`."""
        self._recorded = recorded

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        """Create the domain's record."""
        created: Provisioned = provisioners._opensearch_domain_create(logical_id, properties, stack)
        return self._listed(created, stack, logical_id)

    def update(
        self, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None
    ) -> Provisioned:
        """Change the domain's record, or replace it if its name changes."""
        updated: Provisioned = provisioners._opensearch_domain_update(physical_id, old, new, stack, logical_id)
        return self._listed(updated, stack, logical_id or physical_id)

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Delete the domain's record."""
        provisioners._opensearch_domain_delete(physical_id, properties)
        self._recorded.remove(physical_id)

    def _listed(self, provisioned: Provisioned, stack: str, logical_id: str) -> Provisioned:
        self._recorded.add(_DOMAIN, stack, logical_id, provisioned[0])
        return provisioned
