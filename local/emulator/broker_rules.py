"""What Amazon MQ accepts for a RabbitMQ broker.

Source: Amazon MQ Developer Guide, "RabbitMQ on Amazon MQ": instance types, version support, users.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

CLUSTER = "CLUSTER_MULTI_AZ"
SMALLEST = "mq.t3.micro"
# Families and single types of instances, by engine version, newest version first.
INSTANCES: Mapping[str, Sequence[str]] = MappingProxyType(
    {"4.2": ("mq.m7g.",), "3.13": (SMALLEST, "mq.m5.", "mq.m7g.")},
)

_USERNAME = re.compile(r"[A-Za-z0-9._-]{2,100}")
_PASSWORD = re.compile(r"[^,:=]{12,}")
_LEAST_DIFFERENT_CHARACTERS = 4


def refusal(broker: Mapping[str, Any]) -> tuple[str, str] | None:
    """The field that Amazon MQ would refuse and why, for a CreateBroker request of engine type RABBITMQ."""
    version = str(broker.get("engineVersion") or next(iter(INSTANCES)))
    mode = str(broker.get("deploymentMode"))
    return (
        _version_refusal(version)
        or _instance_refusal(version, str(broker.get("hostInstanceType")), mode)
        or _user_refusal(broker.get("users") or [])
    )


def update_refusal(broker: Mapping[str, Any], changes: Mapping[str, Any]) -> tuple[str, str] | None:
    """The same for an UpdateBroker request."""
    version = str(changes.get("engineVersion") or broker["engineVersion"])
    if _major(version) != _major(broker["engineVersion"]):
        return (
            "engineVersion",
            f"a broker cannot be upgraded from {broker['engineVersion']} to {version}; make a new one",
        )
    instance = str(changes.get("hostInstanceType") or broker["hostInstanceType"])
    return _version_refusal(version) or _instance_refusal(version, instance, broker["deploymentMode"])


def _version_refusal(version: str) -> tuple[str, str] | None:
    if version in INSTANCES:
        return None
    return "engineVersion", f"RabbitMQ {version} is not offered; allowed: {', '.join(INSTANCES)}"


def _instance_refusal(version: str, instance: str, mode: str) -> tuple[str, str] | None:
    allowed = INSTANCES[version]
    if not instance.startswith(tuple(allowed)):
        kinds = ", ".join(f"{each}*" if each.endswith(".") else each for each in allowed)
        return "hostInstanceType", f"RabbitMQ {version} does not run on {instance}; allowed: {kinds}"
    if mode == CLUSTER and instance == SMALLEST:
        return "hostInstanceType", f"a cluster does not run on {SMALLEST}; take a larger instance or SINGLE_INSTANCE"
    return None


def _user_refusal(users: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
    if len(users) != 1:
        return "users", f"a RabbitMQ broker is created with one user, not {len(users)}"
    name, password = str(users[0].get("username", "")), str(users[0].get("password", ""))
    if not _USERNAME.fullmatch(name) or name == "guest":
        return "username", f"{name!r} is not allowed: 2 to 100 letters, digits and . _ - are, and not guest"
    if not _PASSWORD.fullmatch(password) or len(set(password)) < _LEAST_DIFFERENT_CHARACTERS:
        return "password", "at least 12 characters are needed, 4 different ones among them and none of , : ="
    return None


def _major(version: str) -> str:
    return version.partition(".")[0]
