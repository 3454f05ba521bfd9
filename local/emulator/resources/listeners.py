"""AWS::ElasticLoadBalancingV2::Listener with its attributes, which MiniStack takes on at an update only."""

from typing import Any

from ministack.services import alb
from ministack.services.cloudformation import provisioners

from local.emulator.resources.registry import Properties, Provisioned

_LISTENER = "AWS::ElasticLoadBalancingV2::Listener"


def register() -> None:
    """Complete the type."""
    handlers = provisioners._RESOURCE_HANDLERS[_LISTENER]
    create = handlers["create"]

    def create_with_attributes(logical_id: str, properties: Properties, stack: str, *more: Any) -> Provisioned:
        physical_id, attributes = create(logical_id, properties, stack, *more)
        kept = alb._listener_attrs.setdefault(physical_id, [])
        provisioners._elbv2_merge_attributes(kept, properties.get("ListenerAttributes"))
        return physical_id, attributes

    handlers["create"] = create_with_attributes
