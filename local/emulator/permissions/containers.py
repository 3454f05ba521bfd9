"""What ECS does for a task in the name of its execution role: pulls the image, and writes its log.

Source: the Amazon ECS developer guide, "Amazon ECS task execution IAM role".
"""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ecs

from local.emulator.permissions.asking import Asking

_ECR = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[\w-]+)\.[^/]+/(?P<repository>[^:@]+)")
_TO_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
# The log driver sends what has gathered; asking for each line would only cost.
_SENDS_SECONDS = 1.0


class NotAllowedError(Exception):
    """The execution role lacks a permission without which a task does not start; the message names it."""


class ExecutionRole:
    """Who starts a task, and what it may."""

    def __init__(self, asking: Asking, task_definition: Mapping[str, Any], task_id: str) -> None:
        """Ask in the name of the definition's execution role; without one, nobody is asked."""
        self._asking = asking
        self._role = str(task_definition.get("executionRoleArn") or "")
        self._session = task_id

    def pull(self, image: str) -> None:
        """Pull an image of ECR; others are nobody's business.

        Raises:
            NotAllowedError: it may not.
        """
        found = _ECR.match(image)
        if found is None:
            return
        repository = f"arn:aws:ecr:{found['region']}:{found['account']}:repository/{found['repository']}"
        self._require("ecr:GetAuthorizationToken", "*")
        for action in _TO_PULL:
            self._require(action, repository)

    def open_log(self, definition: Mapping[str, Any]) -> None:
        """Create the stream of a container's log, if it is sent to CloudWatch.

        Raises:
            NotAllowedError: it may not.
        """
        config = ecs._awslogs_config(definition, self._session, "")
        if config:
            self._require("logs:CreateLogStream", _stream(config, str(config["stream"])))

    def may_write(self, config: dict[str, Any]) -> bool:
        """Whether lines may be put into the stream."""
        resource = _stream(config, str(config["stream"]))
        return self._asking.allows(self._role, "logs:PutLogEvents", resource, session=self._session)

    def _require(self, action: str, resource: str) -> None:
        if not self._asking.allows(self._role, action, resource, session=self._session):
            raise NotAllowedError(f"{self._role} is not authorized to perform: {action} on resource: {resource}")


def install() -> None:
    """Let the log driver ask; MiniStack looks these functions up for every container and line."""
    ecs._forward_awslogs = _known_to_the_driver(ecs._forward_awslogs)
    ecs._emit_awslogs_event = _if_it_may_write(ecs._emit_awslogs_event)


def _known_to_the_driver(forward: Callable[..., None]) -> Callable[..., None]:
    def forward_as_role(container: Any, config: dict[str, Any], *others: Any) -> None:
        forward(container, {**config, "_role": getattr(container, "execution_role", None)}, *others)

    return forward_as_role


def _if_it_may_write(emit: Callable[[dict[str, Any], str], None]) -> Callable[[dict[str, Any], str], None]:
    """A line that may not be written is lost, as with the driver on AWS."""

    def emit_if_allowed(config: dict[str, Any], line: str) -> None:
        role: ExecutionRole | None = config.get("_role")
        if role is not None and time.monotonic() >= config.get("_ask_at", 0.0):
            config["_allowed"] = role.may_write(config)
            config["_ask_at"] = time.monotonic() + _SENDS_SECONDS
        if config.get("_allowed", True):
            emit(config, line)

    return emit_if_allowed


def _stream(config: Mapping[str, Any], stream: str) -> str:
    region = config.get("region") or get_region()
    return f"arn:aws:logs:{region}:{get_account_id()}:log-group:{config['group']}:log-stream:{stream}"
