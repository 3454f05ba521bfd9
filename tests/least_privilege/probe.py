"""Code that calls EC2 with a function's role, as a function's own code would."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from tests.least_privilege.ground import Deployed
from tests.least_privilege.workloads import invoke
from tests.local.emulator.cloud import zipped

_CODE = """
import boto3
from botocore.exceptions import ClientError


def handler(event, context):
    try:
        getattr(boto3.client("ec2"), event["call"])(**event["arguments"])
    except ClientError as error:
        return error.response["Error"]
    return {}
"""
# What is not there, so that whatever is let through changes nothing.
_INTERFACE, _SUBNET, _ADDRESSES = "eni-00000000000000000", "subnet-00000000000000000", ["10.255.255.9"]
_CALLS: Mapping[str, tuple[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "ec2:AssignPrivateIpAddresses": (
            "assign_private_ip_addresses",
            {"NetworkInterfaceId": _INTERFACE, "PrivateIpAddresses": _ADDRESSES},
        ),
        "ec2:CreateNetworkInterface": ("create_network_interface", {"SubnetId": _SUBNET}),
        "ec2:DeleteNetworkInterface": ("delete_network_interface", {"NetworkInterfaceId": _INTERFACE}),
        "ec2:DescribeNetworkInterfaces": ("describe_network_interfaces", {}),
        "ec2:DescribeSubnets": ("describe_subnets", {}),
        "ec2:UnassignPrivateIpAddresses": (
            "unassign_private_ip_addresses",
            {"NetworkInterfaceId": _INTERFACE, "PrivateIpAddresses": _ADDRESSES},
        ),
    }
)


@contextmanager
def asked_by_code(deployed: Deployed, role_name: str) -> Iterator[Callable[[str], Callable[[], None]]]:
    """A function of this role, for as long as the context lasts.

    Yields what makes a question of an action: a call without arguments, which raises ClientError as the code's own
    call did.
    """
    client, name = deployed.client("lambda"), f"least-privilege-{uuid4().hex[:8]}"
    client.create_function(
        FunctionName=name,
        Role=f"arn:aws:iam::{deployed.settings.account}:role/{role_name}",
        Runtime="python3.13",
        Handler="code.handler",
        Code={"ZipFile": zipped({"code.py": _CODE})},
        Timeout=30,
    )

    def question(action: str) -> Callable[[], None]:
        call, arguments = _CALLS[action]

        def ask() -> None:
            error = invoke(deployed, name, {"call": call, "arguments": arguments})
            if error:
                raise ClientError({"Error": error}, call)

        return ask

    try:
        yield question
    finally:
        client.delete_function(FunctionName=name)
