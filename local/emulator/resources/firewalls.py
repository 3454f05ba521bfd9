"""AWS::WAFv2::WebACLAssociation, by the emulator's WAF, and AWS::WAFv2::LoggingConfiguration, which is recorded only.

Of a web ACL, limits by address hold (`local.emulator.firewalls`); that its managed rule groups do not is listed.
"""

from collections.abc import Mapping

from ministack.services import waf

from local.emulator.resources.recorded import RecordedOnly, RecordedProvider
from local.emulator.resources.registry import CreatedAgain, Properties, Provider, Provisioned, answer

_ASSOCIATION = "AWS::WAFv2::WebACLAssociation"
_LOGGING = "AWS::WAFv2::LoggingConfiguration"
_MANAGED = "AWS::WAFv2::WebACL: rules of managed groups"


def types(recorded: RecordedOnly) -> Mapping[str, Provider]:
    """The types."""
    return {_ASSOCIATION: _Association(recorded), _LOGGING: _Logging(_LOGGING, recorded)}


class _Logging(RecordedProvider):
    """AWS::WAFv2::LoggingConfiguration; Ref is the ARN of its web ACL."""

    def physical_id(self, logical_id: str, properties: Properties, stack: str) -> str:  # noqa: ARG002
        """The ARN of the web ACL, told apart from the web ACL itself."""
        return str(properties["ResourceArn"])


class _Association(CreatedAgain):
    """AWS::WAFv2::WebACLAssociation; Ref is both of its ends."""

    def __init__(self, recorded: RecordedOnly) -> None:
        """List in `recorded` what of a web ACL has no effect."""
        self._recorded = recorded

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        """Put the web ACL before the load balancer."""
        answer(waf._associate_web_acl(dict(properties)), _ASSOCIATION)
        physical_id = f"{properties['WebACLArn']}|{properties['ResourceArn']}"
        self._recorded.add(_MANAGED, stack, logical_id, physical_id)
        return physical_id, {}

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Take the web ACL away, unless another one is there already."""
        self._recorded.remove(physical_id)
        resource = str(properties.get("ResourceArn"))
        if waf._associations.get(resource) == properties.get("WebACLArn"):
            answer(waf._disassociate_web_acl({"ResourceArn": resource}), _ASSOCIATION)
