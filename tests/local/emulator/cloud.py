"""One emulator as a person runs it: a process of its own, a throw-away certificate, a folder that is deleted."""

import io
import json
import os
import signal
import ssl
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import boto3
import httpx
import psutil
from botocore.config import Config
from botocore.exceptions import ClientError

from local.certificates import ensure_certificates
from local.settings import Settings
from tests.support.eventually import PATIENCE_SECONDS, eventually
from tests.support.postgres import free_port, free_ports

ROOT = Path(__file__).resolve().parents[3]
ACCOUNT = "000000000000"
REGION = "us-east-1"
T = TypeVar("T")

LAUNCHER = ("-m", "local.emulator")
# Gives the emulator longer to end: on a busy machine an orderly end may take more than the seconds after which it kills
# what is left, and tests that look for an orderly end are not about how fast the machine is.
PATIENT = (
    "-c",
    """
import runpy
from local.emulator import environment

write = environment.write_trust_bundle

def write_and_be_patient(options):
    write(options)
    # Not before: the module reads the environment while it loads.
    from local.emulator import server
    server.SHUTDOWN_SECONDS = 60

environment.write_trust_bundle = write_and_be_patient
runpy.run_module("local.emulator", run_name="__main__")
""",
)
# A bound for a busy machine, not the emulator's: what it is held to, it says by itself.
_CALL_SECONDS = 300


@dataclass
class Cloud:
    """A running emulator and clients of it."""

    data: Path
    port: int
    process: "subprocess.Popen[bytes]"
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def trust(self) -> str:
        return str(self.data / "trust.pem")

    def client(self, service: str) -> Any:
        """A client with the account's own permissions."""
        if service not in self._clients:
            self._clients[service] = self.client_of(service, {"AccessKeyId": ACCOUNT, "SecretAccessKey": "test"})
        return self._clients[service]

    def client_of(self, service: str, credentials: Mapping[str, str]) -> Any:
        """A client with somebody's permissions."""
        return boto3.client(
            service,  # type: ignore[call-overload]  # any service
            endpoint_url=self.url,
            verify=self.trust,
            region_name=REGION,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
            # Databases and brokers are made and restored while the request waits.
            config=Config(read_timeout=_CALL_SECONDS, retries={"total_max_attempts": 1}),
        )

    def deploy(
        self, stack: str, resources: Mapping[str, Any], outputs: Mapping[str, Any] | None = None
    ) -> dict[str, str]:
        """Create or update a stack and wait. Returns its outputs; raises DeploymentError with the first reason."""
        cloudformation = self.client("cloudformation")
        values = {name: {"Value": value} for name, value in (outputs or {}).items()}
        template = {"Resources": resources, "Outputs": values}
        arguments = {"StackName": stack, "TemplateBody": json.dumps(template), "Capabilities": ["CAPABILITY_NAMED_IAM"]}
        try:
            cloudformation.create_stack(**arguments)
        except cloudformation.exceptions.AlreadyExistsException:
            cloudformation.update_stack(**arguments)
        status = self.await_stack(stack)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
            failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
            raise DeploymentError(status, "\n".join(event.get("ResourceStatusReason", "") for event in failed))
        described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}

    def delete(self, stack: str) -> None:
        """Delete a stack and wait; raises DeploymentError if it stays."""
        self.client("cloudformation").delete_stack(StackName=stack)
        status = self.await_stack(stack)
        if status != "DELETE_COMPLETE":
            raise DeploymentError(status, "")

    def await_stack(self, stack: str) -> str:
        """The status that a stack comes to rest in; one that is gone counts as deleted."""

        def settled() -> str | None:
            try:
                found = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
            except ClientError:
                return "DELETE_COMPLETE"
            status: str = found["StackStatus"]
            return None if status.endswith("_IN_PROGRESS") else status

        return eventually(settled)

    @property
    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.trust)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, verify=self.context, timeout=10)

    def children(self) -> list[psutil.Process]:
        """Everything that runs because of this emulator."""
        return psutil.Process(self.process.pid).children(recursive=True)


def asked(
    processes: Iterable[psutil.Process], question: Callable[[psutil.Process], T]
) -> Iterator[tuple[psutil.Process, T]]:
    """Processes with what each answers; one that has ended, as connections and short commands do, answers nothing."""
    for process in processes:
        try:
            answer = question(process)
        except psutil.Error:
            continue
        yield process, answer


def alive(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; what waits for its parent to take notice has ended."""
    states = asked(processes, lambda each: each.is_running() and each.status() != psutil.STATUS_ZOMBIE)
    return [process for process, lives in states if lives]


def listening(processes: Iterable[psutil.Process]) -> list[tuple[psutil.Process, str, int]]:
    """Who listens where: process, address and port."""
    return [
        (process, each.laddr.ip, each.laddr.port)
        for process, connections in asked(processes, psutil.Process.net_connections)
        for each in connections
        if each.status == psutil.CONN_LISTEN
    ]


class DeploymentError(Exception):
    """A stack did not get where it should: its status and why."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason


def command(data: Path, port: int, *, launcher: Sequence[str] = LAUNCHER) -> list[str]:
    """The command line of an emulator whose certificates lie below its data folder."""
    ensure_certificates(Settings(directory=data))
    ports = free_ports(80)
    databases, servers = f"{ports[0]}-{ports[39]}", f"{ports[40]}-{ports[79]}"
    return [
        *(sys.executable, *launcher, "--data", str(data), "--port", str(port)),
        *("--certificate", str(data / "ca" / "server.pem"), "--key", str(data / "ca" / "server.key")),
        *("--ca", str(data / "ca" / "ca.pem"), "--database-ports", databases, "--server-ports", servers),
    ]


def start(data: Path, *, launcher: Sequence[str] = LAUNCHER, environment: Mapping[str, str] | None = None) -> Cloud:
    """Start an emulator and wait until it answers.

    Args:
        data: Its folder.
        launcher: What Python runs.
        environment: Variables beside and before those of the test run.
    """
    port = free_port()
    log = data.with_name(f"{data.name}.log")
    # A variable of the operator's shell that must reach neither functions nor tasks.
    stray = {"DATABASE_URL": "postgresql://nobody@nowhere/none", "AWS_PROFILE": "none"}
    variables = {**os.environ, **stray, **(environment or {})}
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            command(data, port, launcher=launcher), cwd=ROOT, env=variables, stdout=output, stderr=output
        )
    cloud = Cloud(data, port, process)

    def answers() -> bool:
        if process.poll() is not None:
            raise AssertionError(f"the emulator ended: {log.read_text()}")
        try:
            return (data / "trust.pem").exists() and cloud.get("/_ministack/health").is_success
        except (httpx.TransportError, ssl.SSLError):
            # Not yet, or not all of the bundle is written yet.
            return False

    eventually(answers)
    return cloud


def stop(cloud: Cloud) -> None:
    """Ask an emulator to end, and wait until it has: with status 0 if it needed no force to do so in time."""
    cloud.process.send_signal(signal.SIGTERM)
    cloud.process.wait(PATIENCE_SECONDS)


@contextmanager
def running(data: Path, **how: Any) -> Iterator[Cloud]:
    """An emulator that ends with the context, started as `start` does."""
    cloud = start(data, **how)
    try:
        yield cloud
    finally:
        if cloud.process.poll() is None:
            stop(cloud)


def zipped(files: Mapping[str, str]) -> bytes:
    """A code package."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()
