"""AWS::EC2::SecurityGroupIngress and SecurityGroupEgress, by the emulator's EC2: rules in their own right."""

from typing import Any

from ministack.services import ec2
from ministack.services.cloudformation import provisioners

from local.emulator.resources.registry import Properties, Provider, Provisioned


class _Rule:
    """A rule of a security group; Ref is its `sgr-…` id."""

    def __init__(self, *, egress: bool) -> None:
        """Provide rules of one direction."""
        self._egress = egress
        self._permissions = "IpPermissionsEgress" if egress else "IpPermissions"
        self._kind = "AWS::EC2::SecurityGroupEgress" if egress else "AWS::EC2::SecurityGroupIngress"

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:  # noqa: ARG002
        """Authorize the rule."""
        group = self._group(properties)
        rule = self._rule(properties)
        # The store keeps a rule once; the API skips an equal one in the same way.
        if not any(ec2._rules_match(rule, known) for known in group[self._permissions]):
            group[self._permissions].append(rule)
        return rule["SecurityGroupRuleId"], {"Id": rule["SecurityGroupRuleId"]}

    def update(
        self,
        physical_id: str,
        old: Properties,
        new: Properties,
        stack: str,
        logical_id: str | None = None,
    ) -> Provisioned:
        """Change the description in place; anything else is another rule."""
        if {**old, "Description": None} == {**new, "Description": None}:
            self.delete(physical_id, old)
        return self.create(logical_id or physical_id, new, stack)

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Revoke the rule."""
        group = ec2._security_groups.get(properties["GroupId"])
        if group is not None:
            rules = group[self._permissions]
            rules[:] = [rule for rule in rules if rule.get("SecurityGroupRuleId") != physical_id]

    def _group(self, properties: Properties) -> dict[str, Any]:
        group: dict[str, Any] | None = ec2._security_groups.get(properties["GroupId"])
        if group is None:
            raise ValueError(f"{self._kind}: there is no security group {properties['GroupId']}")
        return group

    def _rule(self, properties: Properties) -> dict[str, Any]:
        rule: dict[str, Any] = provisioners._ec2_sg_permissions([dict(properties)])[0]
        rule["SecurityGroupRuleId"] = ec2._sg_rule_id(properties["GroupId"], self._egress, rule)
        return rule


TYPES: dict[str, Provider] = {
    "AWS::EC2::SecurityGroupEgress": _Rule(egress=True),
    "AWS::EC2::SecurityGroupIngress": _Rule(egress=False),
}
