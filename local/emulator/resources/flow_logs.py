"""AWS::EC2::FlowLog, by the emulator's EC2: described like any other. No traffic is here that it could record."""

from collections.abc import Mapping

from ministack.services import ec2
from ministack.services.cloudformation import provisioners

from local.emulator.resources.recorded import RecordedOnly
from local.emulator.resources.registry import Properties, Provider, Provisioned, answer, element, query

_FLOW_LOG = "AWS::EC2::FlowLog"


def types(recorded: RecordedOnly) -> Mapping[str, Provider]:
    """The type."""
    return {_FLOW_LOG: _FlowLog(recorded)}


class _FlowLog:
    """A flow log; Ref and Id are its `fl-…` id."""

    def __init__(self, recorded: RecordedOnly) -> None:
        """List each in `recorded`."""
        self._recorded = recorded

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        """Make a flow log."""
        parameters = query({name: value for name, value in properties.items() if name != "Tags"})
        body = answer(ec2._create_flow_logs({**parameters, "ResourceId.1": str(properties["ResourceId"])}), _FLOW_LOG)
        physical_id = element(body, "item")
        provisioners._ec2_apply_tags(physical_id, properties)
        self._recorded.add(_FLOW_LOG, stack, logical_id, physical_id)
        return physical_id, {"Id": physical_id}

    def update(
        self,
        physical_id: str,
        old: Properties,
        new: Properties,
        stack: str,
        logical_id: str | None = None,
    ) -> Provisioned:
        """Change tags in place; anything else is another flow log, and CloudFormation deletes the former."""
        if {**old, "Tags": None} != {**new, "Tags": None}:
            return self.create(logical_id or physical_id, new, stack)
        provisioners._ec2_apply_tags(physical_id, new, old)
        return physical_id, {"Id": physical_id}

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Delete the flow log."""
        del properties
        self._recorded.remove(physical_id)
        answer(ec2._delete_flow_logs({"FlowLogId.1": physical_id}), _FLOW_LOG)
