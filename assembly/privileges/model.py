"""Roles and what is granted to them, as templates say it."""

from dataclasses import dataclass

ALL_OF_MANAGED = "*"
"""The action of a managed policy that stands in no template: whatever AWS has written into it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Granted:
    """One action on one resource, by one statement: the smallest thing that can be taken away."""

    policy: str
    """Name of the policy, or ARN of a managed one."""
    statement: int
    """Its place in the policy, from 0."""
    action: str
    resource: str
    """For people: a resource of the templates as `<Stack/Path>`, everything else as its ARN; `all but …`."""
    resource_index: int
    """Its place among the resources of the statement."""
    condition: str = ""
    """For people; empty if there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """A role of a template."""

    stack: str
    """CloudFormation's name of its stack."""
    logical_id: str
    path: str
    """Construct path with its stack's id, such as `Api/Api/Task/TaskRole`."""
    principals: tuple[str, ...]
    """Who takes it on, such as `lambda.amazonaws.com`."""
    granted: tuple[Granted, ...]
