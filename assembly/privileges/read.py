"""Reads roles and their grants from an assembly."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assembly.manifest import stack_artifacts
from assembly.privileges.model import ALL_OF_MANAGED, Granted, Role
from assembly.templates import Assembly, Resource, read

_POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
_PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "REGION",
    "AWS::AccountId": "ACCOUNT",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "STACK",
}
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_POSITIVE, _NEGATIVE = "Resource", "NotResource"


def read_roles(folder: Path) -> tuple[Role, ...]:
    """Return the roles of an assembly, each with what it is granted, in the order of the templates.

    Raises:
        InputError: the folder is no assembly, or cannot be read.
    """
    names = {stack.name: stack.path for stack in stack_artifacts(folder)}
    assembly = read(folder)
    reader = _Reader(assembly, names)
    return tuple(reader.role(each) for each in assembly.of_type("AWS::IAM::Role"))


class _Reader:
    def __init__(self, assembly: Assembly, names: Mapping[str, str]) -> None:
        self._assembly = assembly
        self._names = names
        self._regions = {resource.stack: resource.region for resource in assembly.resources}
        self._attached: dict[Resource, list[tuple[str, str, Any]]] = {}
        for policy_type in _POLICIES:
            for policy in assembly.of_type(policy_type):
                roles = [*policy.value("Roles", ()), *([policy.value("RoleName")] if policy.value("RoleName") else [])]
                for role in assembly.referenced(roles, policy.stack):
                    name = str(policy.value("PolicyName", policy.logical_id))
                    self._attached.setdefault(role, []).append((name, policy.stack, policy.value("PolicyDocument")))

    def role(self, role: Resource) -> Role:
        return Role(
            stack=role.stack,
            logical_id=role.logical_id,
            path=self._path(role),
            principals=tuple(self._principals(role)),
            granted=tuple(self._granted(role)),
        )

    def _granted(self, role: Resource) -> Iterator[Granted]:
        for policy in role.value("Policies", ()):
            yield from self._of_document(str(policy.get("PolicyName")), role.stack, policy.get("PolicyDocument"))
        for name, stack, document in self._attached.get(role, ()):
            yield from self._of_document(name, stack, document)
        for managed in role.value("ManagedPolicyArns", ()):
            # One of the templates is among the attached.
            if not self._assembly.referenced(managed, role.stack):
                arn = self.text(managed, role.stack)
                yield Granted(policy=arn, statement=0, action=ALL_OF_MANAGED, resource=ALL_OF_MANAGED, resource_index=0)

    def _of_document(self, policy: str, stack: str, document: Any) -> Iterator[Granted]:
        for index, statement in enumerate(_listed((document or {}).get("Statement"))):
            if statement.get("Effect") != "Allow":
                continue
            condition = self._condition(statement.get("Condition"), stack)
            negative = _NEGATIVE in statement
            resources = [
                self.text(each, stack) for each in _listed(statement.get(_NEGATIVE if negative else _POSITIVE))
            ]
            if negative:
                resources = [f"all but {', '.join(resources)}"]
            for action in _listed(statement.get("Action")):
                for place, resource in enumerate(resources):
                    yield Granted(
                        policy=policy,
                        statement=index,
                        action=str(action),
                        resource=resource,
                        resource_index=place,
                        condition=condition,
                    )

    def _condition(self, condition: Any, stack: str) -> str:
        parts = [
            f"{operator} {key} {', '.join(self.text(each, stack) for each in _listed(value))}"
            for operator, keys in (condition or {}).items()
            for key, value in keys.items()
        ]
        return "; ".join(parts)

    def _principals(self, role: Resource) -> Iterator[str]:
        for statement in _listed((role.value("AssumeRolePolicyDocument") or {}).get("Statement")):
            principal = statement.get("Principal", {})
            for values in principal.values() if isinstance(principal, dict) else [principal]:
                yield from (self.text(each, role.stack) for each in _listed(values))

    def text(self, value: Any, stack: str) -> str:
        """Return a value as people read it: what it refers to in angle brackets."""
        match value:
            case str():
                return self._without_place(_substituted(value), stack)
            case {"Fn::Join": [str() as separator, list() as parts]}:
                return separator.join(self.text(part, stack) for part in parts)
            case {"Ref": str() as name} if name in _PSEUDO:
                return _PSEUDO[name]
            case {"Fn::Sub": str() as template}:
                return self._without_place(_substituted(template), stack)
        referred = sorted(self._path(each) for each in self._assembly.referenced(value, stack))
        return f"<{', '.join(referred)}>" if referred else json.dumps(value, sort_keys=True)

    def _without_place(self, text: str, stack: str) -> str:
        """Return the same text wherever the stack is deployed."""
        region = self._regions.get(stack)
        return _ACCOUNT.sub("ACCOUNT", text.replace(region, "REGION") if region else text)

    def _path(self, resource: Resource) -> str:
        return f"{self._names.get(resource.stack, resource.stack)}/{resource.path}"


def _substituted(text: str) -> str:
    for name, replacement in _PSEUDO.items():
        text = text.replace(f"${{{name}}}", replacement)
    return text


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
