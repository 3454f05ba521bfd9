"""Finds what to scrape: every port of every running task of one ECS cluster."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import ContainerDefinitionOutputTypeDef, ContainerTypeDef, TaskTypeDef

# The variable that tells each of the project's containers the name of its service.
_NAME_VARIABLE = "POWERTOOLS_SERVICE_NAME"
# Containers that were found on every interface of their host are asked on this one.
_EVERY_INTERFACE = frozenset({"0.0.0.0", "::"})  # noqa: S104  # compared, not listened on
_LOOPBACK = "127.0.0.1"


class DiscoveryError(Exception):
    """ECS did not tell which tasks run."""


@dataclass(frozen=True, order=True, slots=True)
class Target:
    """An address to scrape, the service it belongs to, and the id of the task."""

    address: str
    service: str
    task: str


class Discovery:
    """Lists the tasks of a cluster. `own_service` is left out: the server scrapes itself by other means."""

    def __init__(self, client: "ECSClient", cluster: str, *, own_service: str) -> None:
        self._client = client
        self._cluster = cluster
        self._own_service = own_service
        # A task definition's revision never changes.
        self._definitions: dict[str, Mapping[str, ContainerDefinitionOutputTypeDef]] = {}

    def targets(self) -> list[Target]:
        """The addresses of all running tasks, in a fixed order. Raises DiscoveryError."""
        try:
            return sorted(target for task in self._running_tasks() for target in self._targets_of(task))
        except (BotoCoreError, ClientError) as error:
            raise DiscoveryError(f"the tasks of cluster {self._cluster} cannot be listed: {error}") from None

    def _running_tasks(self) -> Iterator["TaskTypeDef"]:
        pages = self._client.get_paginator("list_tasks").paginate(cluster=self._cluster, desiredStatus="RUNNING")
        # A page holds 100 tasks, and 100 is what can be described at once.
        for page in pages:
            if page["taskArns"]:
                described = self._client.describe_tasks(cluster=self._cluster, tasks=page["taskArns"])
                yield from (task for task in described["tasks"] if task.get("lastStatus") == "RUNNING")

    def _targets_of(self, task: "TaskTypeDef") -> Iterator[Target]:
        definitions = self._containers(task["taskDefinitionArn"])
        for container in task.get("containers", []):
            definition = definitions.get(container["name"])
            if definition is None:
                continue
            service = _variable(definition, _NAME_VARIABLE) or task.get("group", "").removeprefix("service:")
            if service != self._own_service:
                identifier = task["taskArn"].rsplit("/", 1)[-1]
                yield from (Target(address, service, identifier) for address in _addresses(container, definition))

    def _containers(self, arn: str) -> Mapping[str, "ContainerDefinitionOutputTypeDef"]:
        if arn not in self._definitions:
            definition = self._client.describe_task_definition(taskDefinition=arn)["taskDefinition"]
            self._definitions[arn] = {each["name"]: each for each in definition["containerDefinitions"]}
        return self._definitions[arn]


def write_targets(path: Path, targets: list[Target]) -> None:
    """Writes the file that Prometheus watches, so that it sees the old content or the new one, never a part."""
    groups = [
        {"targets": [target.address], "labels": {"service": target.service, "task": target.task}} for target in targets
    ]
    part = path.with_suffix(".part")
    part.write_text(json.dumps(groups, indent=2))
    part.replace(path)


def _addresses(container: "ContainerTypeDef", definition: "ContainerDefinitionOutputTypeDef") -> Iterator[str]:
    """Where the container's ports are reached: on the host that it shares, or at the address of its own."""
    bindings = container.get("networkBindings", [])
    if bindings:
        for binding in bindings:
            if "hostPort" in binding and binding.get("protocol", "tcp") == "tcp":
                host = binding.get("bindIP") or _LOOPBACK
                yield _address(_LOOPBACK if host in _EVERY_INTERFACE else host, binding["hostPort"])
        return
    hosts = [
        each["privateIpv4Address"] for each in container.get("networkInterfaces", []) if "privateIpv4Address" in each
    ]
    for host in hosts[:1]:
        for mapping in definition.get("portMappings", []):
            if "containerPort" in mapping and mapping.get("protocol", "tcp") == "tcp":
                yield _address(host, mapping["containerPort"])


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _variable(definition: "ContainerDefinitionOutputTypeDef", name: str) -> str | None:
    return next((each["value"] for each in definition.get("environment", []) if each.get("name") == name), None)
