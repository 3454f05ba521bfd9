"""AWS::EC2::Instance, by the emulator's EC2: a NAT instance is described like any other, and forwards nothing."""

from typing import Any

from ministack.services import ec2
from ministack.services.cloudformation import provisioners

from local.emulator.resources.registry import Properties, Provider, Provisioned, answer, query

_IN_PLACE = ("SourceDestCheck", "Tags", "IamInstanceProfile", "SecurityGroupIds", "InstanceType", "UserData")


class _Instance:
    """An instance record."""

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:  # noqa: ARG002
        """Run an instance."""
        interface: dict[str, Any] = next(iter(properties.get("NetworkInterfaces") or []), {})
        parameters = query(
            {
                "ImageId": properties.get("ImageId"),
                "InstanceType": properties.get("InstanceType"),
                "KeyName": properties.get("KeyName"),
                "SubnetId": properties.get("SubnetId") or interface.get("SubnetId"),
                "PrivateIpAddress": properties.get("PrivateIpAddress"),
                "UserData": properties.get("UserData"),
                # Ref of an instance profile answers its name on AWS, its ARN here.
                "IamInstanceProfile.Name": str(properties.get("IamInstanceProfile") or "").rsplit("/", 1)[-1],
            }
        )
        groups = properties.get("SecurityGroupIds") or interface.get("GroupSet") or []
        parameters.update({f"SecurityGroupId.{number}": group for number, group in enumerate(groups, start=1)})
        known = set(ec2._instances.keys())
        answer(ec2._run_instances(parameters), "AWS::EC2::Instance")
        physical_id = next(str(key) for key in ec2._instances.keys() if key not in known)  # noqa: SIM118 - no dict
        provisioners._ec2_apply_tags(physical_id, properties)
        return physical_id, _attributes(physical_id)

    def update(
        self,
        physical_id: str,
        old: Properties,
        new: Properties,
        stack: str,
        logical_id: str | None = None,
    ) -> Provisioned:
        """Change type, groups, profile and tags in place; anything else is another instance."""
        if any(old.get(name) != new.get(name) for name in {*old, *new} if name not in _IN_PLACE):
            return self.create(logical_id or physical_id, new, stack)
        record = ec2._instances[physical_id]
        record["InstanceType"] = new.get("InstanceType", record["InstanceType"])
        if new.get("SecurityGroupIds"):
            record["SecurityGroups"] = [
                {"GroupId": group, "GroupName": ec2._security_groups.get(group, {}).get("GroupName", "")}
                for group in new["SecurityGroupIds"]
            ]
        provisioners._ec2_apply_tags(physical_id, new, old)
        return physical_id, _attributes(physical_id)

    def delete(self, physical_id: str, properties: Properties) -> None:  # noqa: ARG002
        """Terminate the instance."""
        if physical_id in ec2._instances:
            answer(ec2._terminate_instances({"InstanceId.1": physical_id}), "AWS::EC2::Instance")


TYPES: dict[str, Provider] = {"AWS::EC2::Instance": _Instance()}


def _attributes(physical_id: str) -> dict[str, Any]:
    record = ec2._instances[physical_id]
    return {
        "InstanceId": physical_id,
        "AvailabilityZone": record.get("Placement", {}).get("AvailabilityZone", ""),
        "PrivateDnsName": record.get("PrivateDnsName", ""),
        "PrivateIp": record.get("PrivateIpAddress", ""),
        "PublicDnsName": record.get("PublicDnsName", ""),
        "PublicIp": record.get("PublicIpAddress", ""),
        "VpcId": record.get("VpcId", ""),
    }
