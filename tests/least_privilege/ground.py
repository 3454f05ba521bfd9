"""Systems side by side on one embedded cloud: what each role of them may do, by its template and as deployed."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any

from botocore.config import Config

from assembly.privileges.model import Granted, Role
from assembly.privileges.read import read_roles
from local.authorizations import Entry, read
from local.cloud import CLIENT_CONFIG, client_options, session
from local.settings import Settings
from local.state import State
from tests.e2e.cloud import DeployedCloud
from tests.e2e.deployments import settings_for
from tests.least_privilege.templates import of_proof

# What a deployment may take beside the systems that run already.
_BOUND_SECONDS = 900.0
# Of a call, which may invoke a function.
_LONGEST_CALL_SECONDS = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """The smallest thing that can be taken away: an action on a resource, from a role that is deployed."""

    deployment: str
    """System and environment, such as `notifications/dev`."""
    role: Role
    granted: Granted
    role_name: str
    """The role's name on the cloud."""
    resource: str
    """The resource as deployed: an ARN, perhaps with wildcards; `*` for what a statement does not leave out."""

    @property
    def name(self) -> str:
        """How people pick it: `notifications/dev Api/Api/Task/TaskRole sqs:SendMessage <Queue/…>`."""
        return f"{self.deployment} {self.role.path} {self.granted.action} {self.granted.resource}"


@dataclass(slots=True)
class Deployed(DeployedCloud):
    """One of several systems on a cloud."""

    assembly: Path = Path()
    """Its templates."""
    _roles: dict[tuple[str, str], str] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)
    _making: Lock = field(default_factory=Lock)

    @property
    def name(self) -> str:
        """System and environment."""
        return f"{self.system}/{self.env}"

    @property
    def state(self) -> State:
        """What `state.json` says of this one."""
        # Not super(): a dataclass with slots is made anew, which a bare super() does not follow.
        state = DeployedCloud.state.__get__(self)
        assert isinstance(state, State)
        own = state.deployments[f"{self.system}-{self.env}"]
        return replace(state, deployments={own.name: own})

    def client(self, service: str, **credentials: str) -> Any:
        """An SDK client; the administrator's are made once, which takes longer than most of what they are asked.

        They ask once, and wait for as long as a function may take.
        """
        if credentials:
            return DeployedCloud.client(self, service, **credentials)
        with self._making:
            if service not in self._clients:
                options = client_options(self.settings)
                patient = Config(read_timeout=_LONGEST_CALL_SECONDS, retries={"total_max_attempts": 1})
                options["config"] = CLIENT_CONFIG.merge(patient)
                self._clients[service] = session(self.settings).client(service, **options)  # type: ignore[call-overload]
            return self._clients[service]

    def cluster(self) -> dict[str, Any]:
        """Its own Aurora cluster, as RDS describes it."""
        stack = self.state.last.stacks["Database"].stack_name
        found = self.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
        (name,) = [each["PhysicalResourceId"] for each in found if each["ResourceType"] == "AWS::RDS::DBCluster"]
        return dict(self.client("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0])

    def deploy(self) -> None:
        """Deploy it with its demonstration, and keep its templates."""
        self.up()
        self.assembly = self.settings.directory / "assemblies" / f"{self.system}-{self.env}"
        shutil.copytree(self.settings.assembly, self.assembly, dirs_exist_ok=True)

    def units(self) -> list[Unit]:
        """Everything that its roles are granted, as its templates say, with the names that the cloud gave."""
        found = []
        for role in of_proof(self.system, self.env, read_roles(self.assembly)):
            if not role.granted:
                continue
            name = self.physical(role.stack, role.logical_id)
            own = {each.policy for each in role.granted if not each.policy.startswith("arn:")}
            documents = {policy: self.document(name, policy) for policy in own}
            found += [
                Unit(
                    deployment=self.name,
                    role=role,
                    granted=each,
                    role_name=name,
                    resource=_resource(documents.get(each.policy), each),
                )
                for each in role.granted
            ]
        return found

    def physical(self, stack: str, logical_id: str) -> str:
        """The name that a resource got.

        Raises:
            KeyError: it is not deployed.
        """
        if (stack, logical_id) not in self._roles:
            pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
            for page in pages:
                for each in page["StackResourceSummaries"]:
                    self._roles[stack, each["LogicalResourceId"]] = each["PhysicalResourceId"]
        return self._roles[stack, logical_id]

    def document(self, role_name: str, policy: str) -> dict[str, Any]:
        """An inline policy of a role, as deployed."""
        found = self.client("iam").get_role_policy(RoleName=role_name, PolicyName=policy)["PolicyDocument"]
        return dict(found) if isinstance(found, Mapping) else dict(json.loads(found))


@dataclass(slots=True)
class Ground:
    """The cloud, and what is deployed in it."""

    settings: Settings
    deployed: list[Deployed]

    def record(self) -> list[Entry]:
        """What IAM has decided so far."""
        return read(self.settings.authorizations)


@contextmanager
def prepared(folder: Path, systems: Sequence[tuple[str, str]]) -> Iterator[Ground]:
    """A cloud of its own for these systems, deployed from a copy of the repository; everything stops at the end."""
    settings = settings_for(folder)
    deployed = [Deployed(settings, system=system, env=env, bound_seconds=_BOUND_SECONDS) for system, env in systems]
    ground = Ground(settings, deployed)
    try:
        yield ground
    finally:
        DeployedCloud(settings, system="").operate("down")


def _resource(document: Mapping[str, Any] | None, granted: Granted) -> str:
    if document is None:
        return "*"
    statement = statements(document)[granted.statement]
    return str(listed(statement["Resource"])[granted.resource_index]) if "Resource" in statement else "*"


def statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The statements of a policy."""
    return listed(document["Statement"])


def listed(value: Any) -> list[Any]:
    """What a policy has as a list, or alone."""
    return list(value) if isinstance(value, list) else [value]
