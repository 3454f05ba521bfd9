"""AWS::EC2::VPC with the attribute that names its address block, which MiniStack leaves out."""

from collections.abc import Callable
from typing import Any

from ministack.services import ec2
from ministack.services.cloudformation import provisioners

from local.emulator.resources.registry import Provisioned

_VPC = "AWS::EC2::VPC"


def register() -> None:
    """Complete the type."""
    handlers = provisioners._RESOURCE_HANDLERS[_VPC]
    for action in ("create", "update"):
        handlers[action] = _with_block(handlers[action])


def _with_block(provision: Callable[..., Provisioned]) -> Callable[..., Provisioned]:
    def provision_with_block(*arguments: Any, **named: Any) -> Provisioned:
        physical_id, attributes = provision(*arguments, **named)
        return physical_id, {**attributes, "CidrBlock": ec2._vpcs[physical_id]["CidrBlock"]}

    return provision_with_block
