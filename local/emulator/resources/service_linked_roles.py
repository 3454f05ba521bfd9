"""AWS::IAM::ServiceLinkedRole by the emulator's IAM."""

from collections.abc import Mapping

from ministack.services import iam

from local.emulator.resources.registry import Properties, Provider, Provisioned, answer

_ROLE = "AWS::IAM::ServiceLinkedRole"


def types() -> Mapping[str, Provider]:
    """The type."""
    return {_ROLE: _ServiceLinkedRole()}


class _ServiceLinkedRole:
    """AWS::IAM::ServiceLinkedRole; Ref is its name, which the emulator derives from the service's."""

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:  # noqa: ARG002
        """Create the role.

        Raises:
            ValueError: the account has the service's role already, as on AWS.
        """
        service = str(properties["AWSServiceName"])
        answer(iam._create_service_linked_role({"AWSServiceName": service}), _ROLE)
        path = f"/aws-service-role/{service}/"
        name = next(name for name, role in iam._roles.items() if role["Path"] == path)
        if properties.get("Description"):
            iam._roles[name]["Description"] = properties["Description"]
        return name, {"RoleName": name}

    def update(
        self,
        physical_id: str,
        old: Properties,
        new: Properties,
        stack: str,
        logical_id: str | None = None,
    ) -> Provisioned:
        """Change the description, or create the role of another service."""
        if old["AWSServiceName"] != new["AWSServiceName"]:
            return self.create(logical_id or physical_id, new, stack)
        iam._roles[physical_id]["Description"] = new.get("Description") or ""
        return physical_id, {"RoleName": physical_id}

    def delete(self, physical_id: str, properties: Properties) -> None:  # noqa: ARG002 - CloudFormation's signature
        """Delete the role."""
        iam._roles.pop(physical_id, None)
