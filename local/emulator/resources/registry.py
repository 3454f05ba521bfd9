"""How a CloudFormation type is taught to MiniStack."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol

from ministack.services.cloudformation import provisioners, stacks

Properties = Mapping[str, Any]
"""A resource's properties, with references already resolved."""

Provisioned = tuple[str, dict[str, Any]]
"""The physical id and what Fn::GetAtt answers."""


class Provider(Protocol):
    """Creates, changes and deletes resources of one type; every method raises ValueError with what was refused."""

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        """Create a resource."""

    def update(
        self, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None
    ) -> Provisioned:
        """Change a resource in place, or create its replacement: CloudFormation deletes one whose id changed."""

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Delete a resource; one that is gone already is no error."""


class CreatedAgain(ABC):
    """A type whose update is to create the resource again.

    Where that leads to another id it is a replacement: CloudFormation deletes the former.
    """

    @abstractmethod
    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        """Create a resource, or put what there is of it in its new form."""

    def update(
        self,
        physical_id: str,
        old: Properties,  # noqa: ARG002 - CloudFormation's signature
        new: Properties,
        stack: str,
        logical_id: str | None = None,
    ) -> Provisioned:
        """Create it again."""
        return self.create(logical_id or physical_id, new, stack)


_provided: set[str] = set()
_blocking: set[str] = set()
_sent_back: set[str] = set()
_on_worker_thread = stacks._runs_on_worker_thread
_sends_back_by_itself = stacks._sends_back_failed_update


def _runs_on_worker_thread(resource_type: str) -> bool:
    return resource_type in _blocking or bool(_on_worker_thread(resource_type))


def _sends_back_failed_update(resource_type: str) -> bool:
    return resource_type in _sent_back or bool(_sends_back_by_itself(resource_type))


# MiniStack provisions on its event loop unless it knows that a type waits for something.
stacks._runs_on_worker_thread = _runs_on_worker_thread
# On AWS a rollback also sends the resource back whose update failed; MiniStack leaves most types as they are then.
stacks._sends_back_failed_update = _sends_back_failed_update


def register_type(name: str, provider: Provider, *, blocks: bool = False, sent_back: bool = False, **more: Any) -> None:
    """Provide a type, or provide it differently.

    Args:
        name: The type.
        provider: What creates, changes and deletes its resources.
        blocks: Creating or changing one waits for something.
        sent_back: A failed update may have changed something that the rollback must change back.
        more: Further entries of MiniStack's table.

    Raises:
        ValueError: the type is provided here already.
    """
    if name in _provided:
        raise ValueError(f"{name} is provided twice; one of the two would have no effect")
    _provided.add(name)
    former = provisioners._RESOURCE_HANDLERS.get(name, {})
    provisioners._RESOURCE_HANDLERS[name] = {
        **former,
        "create": provider.create,
        "update": provider.update,
        "update_with_logical_id": True,
        "delete": provider.delete,
        **more,
    }
    if blocks:
        _blocking.add(name)
    if sent_back:
        _sent_back.add(name)


def tag_type(name: str) -> None:
    """Let stack tags and the tags of an app reach resources of a type through its `Tags` property."""
    provisioners._STACK_TAG_PROPERTY.setdefault(name, ("Tags", "list"))


def query(properties: Properties) -> dict[str, str]:
    """Properties as the query parameters that MiniStack's functions read: lists as `.member.N`, booleans in words."""
    flat: dict[str, str] = provisioners._ec_query(dict(properties))
    return flat


def answer(response: tuple[int, dict[str, str], Any], what: str) -> str:
    """The body of a service's response.

    Raises:
        ValueError: the service refused, with its reason.
    """
    status, _, body = response
    text = body.decode("utf-8", errors="replace") if isinstance(body, bytes) else str(body)
    if status >= 400:  # noqa: PLR2004 - the HTTP statuses of errors begin here
        raise ValueError(f"{what}: {text}")
    return text


def element(body: str, name: str) -> str:
    """The text of the first XML element of that name in a response that always has it.

    Raises:
        ValueError: it has none.
    """
    found = re.search(rf"<{name}>([^<]+)</{name}>", body)
    if found is None:
        raise ValueError(f"the answer holds no {name}: {body}")
    return found.group(1)
