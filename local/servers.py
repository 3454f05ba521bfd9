"""The two servers that `up` starts and `down` stops: the cloud and the receiver."""

import os
import shutil
import time
from contextlib import suppress

import psutil

from local import processes
from local.certificates import ensure_certificates
from local.cloud import is_healthy
from local.errors import LocalError
from local.ports import require_free
from local.settings import PORT_VARIABLE, RECEIVER_PORT_VARIABLE, Settings
from local.web import UnreachableError, get_json

EMULATOR = "emulator"
RECEIVER = "receiver"
_FOLDERS = (
    "bin",
    "ca",
    "cdk.out",
    "images",
    "logs",
    "postgres",
    "run",
    "s3",
    "servers",
    "state",
    "tasks",
    "tmp",
    "tools",
)
_FILES = (
    "emulator.lock",
    "emulator.pid",
    "operator.lock",
    "receiver.pid",
    "recorded-only.json",
    "state.json",
    "trust.pem",
)
_EMULATOR_BOUND_SECONDS = 60
_RECEIVER_BOUND_SECONDS = 60
_PAUSE_SECONDS = 0.5
# The emulator stops its tasks and databases within ten seconds of a SIGTERM.
_EMULATOR_GRACE_SECONDS = 11
_GRACE_SECONDS = 3


def start_servers(settings: Settings) -> None:
    """Start what doesn't run, and wait until both answer.

    Raises:
        LocalError: a port is taken, a server does not come up, or one runs with other settings.
    """
    if ensure_certificates(settings):
        # Whatever runs would go on to present the former certificate.
        stop_servers(settings)
    emulator = _start_emulator(settings)
    receiver = _start_receiver(settings)
    # Both come up at the same time; only then is each waited for.
    if emulator:
        processes.wait_ready(
            emulator,
            name=EMULATOR,
            settings=settings,
            ready=lambda: is_healthy(settings),
            bound_seconds=_EMULATOR_BOUND_SECONDS,
        )
    if receiver:
        processes.wait_ready(
            receiver,
            name=RECEIVER,
            settings=settings,
            ready=lambda: receiver_answers(settings),
            bound_seconds=_RECEIVER_BOUND_SECONDS,
        )


def stop_servers(settings: Settings) -> int:
    """Stop everything that this folder's cloud has started; returns how many processes that were.

    An emulator that was killed leaves databases, tasks and functions behind: they are found by their mark.
    """
    servers = [found for name in (EMULATOR, RECEIVER) if (found := processes.running(settings, name))]
    count = len(servers)
    for server in servers:
        with suppress(psutil.Error):
            count += len(server.children(recursive=True))
    processes.stop(servers, grace_seconds=_EMULATOR_GRACE_SECONDS)
    orphans = processes.marked(settings)
    processes.stop(orphans, grace_seconds=_GRACE_SECONDS)
    for name in (EMULATOR, RECEIVER):
        processes.forget(settings, name)
    settings.state_file.unlink(missing_ok=True)
    return count + len(orphans)


def remove_data(settings: Settings) -> None:
    """Delete what the cloud has written, certificates and images included, and the folder if nothing else is in it.

    By name, because the folder is the user's choice and may hold something of theirs.
    """
    for name in _FOLDERS:
        shutil.rmtree(settings.directory / name, ignore_errors=True)
    for name in _FILES:
        (settings.directory / name).unlink(missing_ok=True)
    with suppress(OSError):
        settings.directory.rmdir()


def receiver_answers(settings: Settings) -> bool:
    """Whether the receiver takes deliveries."""
    try:
        get_json(settings, f"{settings.receiver_url}/health", timeout_seconds=2)
    except UnreachableError:
        return False
    return True


def _start_emulator(settings: Settings) -> psutil.Popen | None:
    """Start the cloud; None when it runs already."""
    if process := processes.running(settings, EMULATOR):
        _require_same_port(settings, EMULATOR, settings.port, PORT_VARIABLE)
        if not _answers_in_time(settings):
            raise LocalError(
                f"the emulator runs (process {process.pid}) but does not answer at {settings.endpoint_url}; "
                f"type: make down\n{processes.last_lines(settings, EMULATOR)}"
            )
        return None
    # What a killed one has left would hold its ports and folders.
    stop_servers(settings)
    _forget_former_workloads(settings)
    require_free(settings.port, variable=PORT_VARIABLE, purpose="the AWS APIs")
    arguments = [
        *("-m", "local.emulator", "--data", str(settings.directory), "--port", str(settings.port)),
        *("--certificate", str(settings.certificate), "--key", str(settings.certificate_key)),
        *("--ca", str(settings.ca_bundle), "--account", settings.account, "--region", settings.region),
        *(("--workload-endpoint", settings.workload_endpoint_url) if settings.workload_endpoint_url else ()),
    ]
    return processes.start(settings, EMULATOR, arguments, os.environ, port=settings.port)


def _answers_in_time(settings: Settings) -> bool:
    """Whether the emulator answers before its bound: a machine that is busy may let it miss a single look."""
    deadline = time.monotonic() + _EMULATOR_BOUND_SECONDS
    while not (healthy := is_healthy(settings)) and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
    return healthy


def _forget_former_workloads(settings: Settings) -> None:
    """Remove the logs of tasks and databases, kept until now for whoever wanted to know; nobody names them any more."""
    for folder in settings.logs.glob("*/"):
        shutil.rmtree(folder, ignore_errors=True)


def _start_receiver(settings: Settings) -> psutil.Popen | None:
    """Start the receiver; None when it runs already."""
    if processes.running(settings, RECEIVER):
        _require_same_port(settings, RECEIVER, settings.receiver_port, RECEIVER_PORT_VARIABLE)
        return None
    require_free(settings.receiver_port, variable=RECEIVER_PORT_VARIABLE, purpose="the receiver")
    arguments = [
        *("-m", "local.receiver", "--data", str(settings.directory)),
        *("--port", str(settings.receiver_port), "--cloud-port", str(settings.port)),
    ]
    return processes.start(settings, RECEIVER, arguments, os.environ, port=settings.receiver_port)


def _require_same_port(settings: Settings, name: str, port: int, variable: str) -> None:
    running_on = processes.recorded_port(settings, name)
    if running_on != port:
        raise LocalError(
            f"the {name} of {settings.directory} runs on port {running_on}, not {port}; "
            f"type make down first, or set {variable}={running_on}"
        )
