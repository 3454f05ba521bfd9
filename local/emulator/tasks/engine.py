"""The container engine: starts the command of a container definition as a process of this machine."""

import os
import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ministack.services import ecs, sts

from local.emulator import ports
from local.emulator.environment import for_workload
from local.emulator.options import Options
from local.emulator.permissions.asking import Asking
from local.emulator.permissions.containers import ExecutionRole, NotAllowedError
from local.emulator.processes import ProcessLedger
from local.emulator.tasks import command_health, confinement, records
from local.emulator.tasks.container import LocalContainer
from local.emulator.tasks.health import of_target_group
from local.emulator.tasks.images import Image, ImageNotFoundError, ImageStore
from local.emulator.tasks.places import Places

# A container that never becomes healthy is given up after this time at most, however patient its target group is:
# no process needs minutes to start on the machine of the person who waits for it.
LONGEST_START_SECONDS = 30.0
DEFAULT_STOP_TIMEOUT_SECONDS = 30.0

# Between a target's removal from the load balancer and SIGTERM: requests that were already routed to it arrive in this
# time. AWS waits the group's whole deregistration delay.
DRAIN_SECONDS = 1.0

# A process that lived this long did not fail by starting; its successor starts at once.
_SOUND_AFTER_SECONDS = 30.0
_LONGEST_BACKOFF_SECONDS = 30.0

# What MiniStack adds for containers with an address of their own: its plain HTTP endpoint does not exist here.
_FOR_DOCKER_ONLY = (
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_ENDPOINT_URL",
    "ECS_CONTAINER_METADATA_URI_V4",
)

# Where a task's record remembers that it has answered a load balancer's health check.
PROVEN = "_proven"


class ContainerError(Exception):
    """A container did not start or did not become healthy; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One container that is to run."""

    definition: dict[str, Any]
    task_definition: dict[str, Any]
    environment: dict[str, str]
    """From the definition, with the values of its secrets."""
    task_arn: str

    @property
    def name(self) -> str:
        """The container's name in its task."""
        return str(self.definition["name"])

    @property
    def task_id(self) -> str:
        """The last part of the task's ARN."""
        return _task_id(self.task_arn)


class LocalEngine:
    """The part of a Docker client that MiniStack's ECS uses."""

    def __init__(self, options: Options, images: ImageStore, ledger: ProcessLedger, asking: Asking) -> None:
        """Run what is in `images`."""
        self._options = options
        self._store = images
        self._ledger = ledger
        self._asking = asking
        self._containers: dict[str, LocalContainer] = {}
        self._quick_ends: dict[str, int] = {}
        self._places = Places()
        self._guard = threading.Lock()
        self.images = _Images()
        self.containers = self

    def get(self, identifier: str) -> LocalContainer:
        """A container by its id.

        Raises:
            KeyError: there is none.
        """
        return self._containers[identifier]

    def run(self, image: str, *, launch: Launch) -> LocalContainer:
        """Start a container of a task and wait until it is healthy.

        Raises:
            ContainerError: it cannot be started, ends, or does not get healthy.
            ecs._ImagePullError: the image is not in the store.
        """
        task = ecs._tasks[launch.task_arn]
        service = _service(task)
        try:
            found = self._store.find(image)
        except ImageNotFoundError as error:
            raise ecs._ImagePullError(str(error)) from error
        self._back_off(task)
        if not self._places.enter(task, service, lambda: ecs._task_is_active(task["taskArn"], task)):
            raise ContainerError(f"container {launch.name} was not started: its task was stopped before")
        try:
            role = self._admit(image, launch, task)
            container = self._start(found, launch, task, service)
        except Exception:
            self._places.leave(task)
            raise
        container.execution_role = role
        ecs._start_awslogs_forwarder(container, launch.definition, launch.task_id)
        wrong = container.wait_until_healthy(LONGEST_START_SECONDS)
        if wrong is not None:
            container.kill()
            raise ContainerError(f"container {launch.name} {wrong}; the end of its log:\n{container.last_lines()}")
        if of_target_group(service, launch.name):
            task[PROVEN] = True
        return container

    def _admit(self, image: str, launch: Launch, task: dict[str, Any]) -> ExecutionRole:
        """Ask IAM for what ECS does before the container starts."""
        role = ExecutionRole(self._asking, launch.task_definition, launch.task_id)
        try:
            role.pull(image)
        except NotAllowedError as error:
            self._remember_end(task, quick=True)
            raise ecs._ImagePullError(str(error)) from error
        try:
            role.open_log(launch.definition)
        except NotAllowedError as error:
            self._remember_end(task, quick=True)
            raise ContainerError(f"failed to create Cloudwatch log stream: {error}") from error
        return role

    def _start(
        self, image: Image, launch: Launch, task: dict[str, Any], service: dict[str, Any] | None
    ) -> LocalContainer:
        definition = launch.definition
        folder = self._options.data / "tasks" / launch.task_id
        folder.mkdir(parents=True, exist_ok=True)
        try:
            temporary = confinement.temporary_folder(definition, folder)
        except ValueError as error:
            raise ContainerError(f"container {launch.name} cannot be started: {error}") from error
        log = self._log_file(task, launch)
        port = ports.reserve_any()
        access_key, credentials = records.credentials(launch.task_definition, launch.task_id)
        variables = {
            **self._base_environment(folder, temporary),
            **image.environment,
            **{key: value for key, value in launch.environment.items() if key not in _FOR_DOCKER_ONLY},
            **for_workload(self._options),
            **credentials,
            "HOST": ports.LOOPBACK,
            "PORT": str(port),
        }
        writable = [self._bytecode, *([temporary] if temporary != folder else [])]
        cwd = image.path(str(definition.get("workingDirectory") or image.workdir))
        started = time.monotonic()

        def ended(*, quick: bool) -> None:
            if access_key:
                sts._sessions.pop(access_key, None)
            self._remember_end(task, quick=quick)

        def left() -> None:
            ended(quick=time.monotonic() - started < _SOUND_AFTER_SECONDS)
            self._places.leave(task)

        try:
            command_check = command_health.of_definition(
                definition, image, cwd=cwd, environment=variables, folder=folder, ledger=self._ledger
            )
            with log.open("ab") as output:
                command = confinement.confined(definition, _arguments(image, definition), writable=writable)
                process = self._ledger.start(command, cwd=cwd, environment=variables, output=output.fileno())
        except (OSError, RuntimeError, ValueError) as error:
            ports.release(port)
            log.unlink(missing_ok=True)
            # Counts like an end soon after the start: a task that cannot start must not be tried without a pause.
            ended(quick=True)
            raise ContainerError(f"container {launch.name} cannot be started: {error}") from error

        target_check = of_target_group(service, launch.name)
        container = LocalContainer(
            identifier=secrets.token_hex(32),
            process=process,
            ledger=self._ledger,
            log=log,
            port=port,
            stop_timeout_seconds=float(definition.get("stopTimeout") or DEFAULT_STOP_TIMEOUT_SECONDS),
            drain_seconds=DRAIN_SECONDS if target_check else 0.0,
            checks=[check for check in (target_check, command_check) if check],
            on_health=lambda status: records.publish_health(task, definition, status) if command_check else None,
            on_end=left,
        )
        self._containers[container.id] = container
        records.publish_port(task, definition, port)
        # Where the reason of a later failure is found.
        task["_log"] = log
        return container

    @property
    def _bytecode(self) -> Path:
        """Where Python keeps what it has compiled: beside the images, so that running one does not change it."""
        folder = self._options.data / "tmp" / "pycache"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _base_environment(self, folder: Path, temporary: Path) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(temporary),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONPYCACHEPREFIX": str(self._bytecode),
        }

    def _log_file(self, task: dict[str, Any], launch: Launch) -> Path:
        kind, _, service = str(task.get("group") or "").partition(":")
        family = str(launch.task_definition["family"])
        folder = self._options.logs / (service if kind == "service" else family)
        folder.mkdir(parents=True, exist_ok=True)
        several = len(launch.task_definition["containerDefinitions"]) > 1
        return folder / f"{launch.task_id}{'.' + launch.name if several else ''}.log"

    def _back_off(self, task: dict[str, Any]) -> None:
        """Wait before a container whose predecessors ended soon after their start, twice as long each time."""
        failures = self._quick_ends.get(_lineage(task), 0)
        if failures:
            deadline = time.monotonic() + min(0.25 * 2**failures, _LONGEST_BACKOFF_SECONDS)
            while time.monotonic() < deadline and ecs._task_is_active(task["taskArn"], task):
                time.sleep(0.05)

    def _remember_end(self, task: dict[str, Any], *, quick: bool) -> None:
        # A stopped task's process has ended as it was told to.
        with self._guard:
            if quick and task.get("desiredStatus") != "STOPPED":
                self._quick_ends[_lineage(task)] = self._quick_ends.get(_lineage(task), 0) + 1
            else:
                self._quick_ends.pop(_lineage(task), None)


class _Images:
    """Images come from the store when a container starts; nothing is pulled or tagged."""

    def get(self, _image: str) -> "_Images":
        return self

    def pull(self, _image: str, **_: Any) -> "_Images":
        return self


def _service(task: dict[str, Any]) -> dict[str, Any] | None:
    kind, _, name = str(task.get("group") or "").partition(":")
    cluster = str(task["clusterArn"]).rsplit("/", 1)[-1]
    found: dict[str, Any] | None = ecs._services.get(f"{cluster}/{name}") if kind == "service" else None
    return found


def _task_id(task_arn: str) -> str:
    return task_arn.rsplit("/", 1)[-1]


def _lineage(task: dict[str, Any]) -> str:
    """What a task and those that replace it have in common."""
    return str(task.get("_deployment_id") or task["taskArn"])


def _arguments(image: Image, definition: dict[str, Any]) -> list[str]:
    """Entry point and command, the task definition's over the image's; Python is this environment's own."""
    entrypoint = definition.get("entryPoint")
    # As in Docker, an entry point of the task definition's own drops the image's command.
    command = definition.get("command") or (image.command if entrypoint is None else ())
    arguments = [*(image.entrypoint if entrypoint is None else entrypoint), *command]
    if not arguments:
        raise ValueError("neither the image nor the task definition names a command")
    return [image.program(arguments[0]), *arguments[1:]]
