"""AWS::EC2::EIP and NatGateway, by the emulator's EC2."""

from ministack.services import ec2
from ministack.services.cloudformation import provisioners

from local.emulator.resources.registry import Properties, Provider, Provisioned, answer, element, query


class _Address:
    """AWS::EC2::EIP: Ref is the public address."""

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:  # noqa: ARG002
        """Allocate an address, and associate it if an instance is named."""
        body = answer(ec2._allocate_address({"Domain": properties.get("Domain", "vpc")}), "AWS::EC2::EIP")
        allocation, address = element(body, "allocationId"), element(body, "publicIp")
        provisioners._ec2_apply_tags(allocation, properties)
        _associate(allocation, properties.get("InstanceId"))
        return address, {"AllocationId": allocation, "PublicIp": address}

    def update(
        self,
        physical_id: str,
        old: Properties,
        new: Properties,
        stack: str,
        logical_id: str | None = None,
    ) -> Provisioned:
        """Change tags and instance in place; another domain is another address."""
        if old.get("Domain", "vpc") != new.get("Domain", "vpc"):
            return self.create(logical_id or physical_id, new, stack)
        record = _address_record(physical_id)
        if record is None:
            raise ValueError(f"AWS::EC2::EIP: there is no address {physical_id}")
        allocation = str(record["AllocationId"])
        provisioners._ec2_apply_tags(allocation, new, old)
        if old.get("InstanceId") != new.get("InstanceId"):
            if record.get("AssociationId"):
                ec2._disassociate_address({"AssociationId": record["AssociationId"]})
            _associate(allocation, new.get("InstanceId"))
        return physical_id, {"AllocationId": allocation, "PublicIp": physical_id}

    def delete(self, physical_id: str, properties: Properties) -> None:  # noqa: ARG002
        """Release the address."""
        record = _address_record(physical_id)
        if record is not None:
            answer(ec2._release_address({"AllocationId": record["AllocationId"]}), "AWS::EC2::EIP")


class _NatGateway:
    """AWS::EC2::NatGateway."""

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:  # noqa: ARG002
        """Create a gateway."""
        wanted = {name: properties[name] for name in _NAT_IDENTITY if name in properties}
        regional = properties.get("AvailabilityMode") == "regional"
        if regional:
            # It stands in no subnet, which the emulator asks for.
            wanted["SubnetId"] = "regional"
        gateway = element(answer(ec2._create_nat_gateway(query(wanted)), "AWS::EC2::NatGateway"), "natGatewayId")
        if regional:
            ec2._nat_gateways[gateway] |= {"SubnetId": "", "VpcId": properties["VpcId"]}
        provisioners._ec2_apply_tags(gateway, properties)
        return gateway, {"NatGatewayId": gateway}

    def update(
        self,
        physical_id: str,
        old: Properties,
        new: Properties,
        stack: str,
        logical_id: str | None = None,
    ) -> Provisioned:
        """Change tags in place; anything else is another gateway."""
        if any(old.get(name) != new.get(name) for name in _NAT_IDENTITY):
            return self.create(logical_id or physical_id, new, stack)
        provisioners._ec2_apply_tags(physical_id, new, old)
        return physical_id, {"NatGatewayId": physical_id}

    def delete(self, physical_id: str, properties: Properties) -> None:  # noqa: ARG002
        """Delete the gateway; it stays visible as `deleted`, as on AWS."""
        if physical_id in ec2._nat_gateways:
            answer(ec2._delete_nat_gateway({"NatGatewayId": physical_id}), "AWS::EC2::NatGateway")


_NAT_IDENTITY = ("AllocationId", "AvailabilityMode", "ConnectivityType", "PrivateIpAddress", "SubnetId", "VpcId")

TYPES: dict[str, Provider] = {
    "AWS::EC2::EIP": _Address(),
    "AWS::EC2::NatGateway": _NatGateway(),
}


def _address_record(address: str) -> dict[str, str] | None:
    return next((record for record in ec2._addresses.values() if record["PublicIp"] == address), None)


def _associate(allocation: str, instance: str | None) -> None:
    if instance:
        answer(ec2._associate_address({"AllocationId": allocation, "InstanceId": instance}), "AWS::EC2::EIP")
