"""What end-to-end tests do with the deployed system."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import boto3
import psutil
from botocore.config import Config

from local.cdk_output import DeployProgress, Phase
from local.cloud import CLIENT_CONFIG, client_options, session
from local.deliveries import emails, received, text_messages
from local.keys import OUTPUT
from local.ports import LOOPBACK
from local.processes import running
from local.servers import EMULATOR
from local.settings import (
    DIRECTORY_VARIABLE,
    PORT_VARIABLE,
    RECEIVER_PORT_VARIABLE,
    WORKLOAD_ENDPOINT_VARIABLE,
    Settings,
)
from local.state import State, load
from local.web import Answer, UnreachableError, send
from services.identity.api_keys import ApiKey
from tests.support.eventually import told

# For what hangs: how long a deployment takes is for `make up` to tell.
_COMMAND_BOUND_SECONDS = 600
# For what hangs as well: an answer that takes long is an answer.
ANSWER_BOUND_SECONDS = 60
# How long the API may say that something is away, and how soon it is asked again.
_BUSY_SECONDS, _PAUSE_SECONDS = 60, 1
# A function's own minute, and its start.
_INVOCATION_BOUND_SECONDS = 120


@dataclass(slots=True)
class DeployedCloud:
    """A cloud that `python -m local` runs, seen from outside."""

    settings: Settings
    system: str
    env: str = "dev"
    printed: str = ""
    """What the first `up` printed."""
    phases: list[tuple[str, Phase]] = field(default_factory=list)
    """Construct id and phase of every step of the last deployment, in order."""
    first_phases: list[tuple[str, Phase]] = field(default_factory=list)
    """The same of the first deployment, of all stacks."""
    bound_seconds: float = _COMMAND_BOUND_SECONDS
    """The longest that a command may take."""
    _key: str | None = None

    def operate(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the operator's."""
        if arguments[:1] == ("down",):
            # What a cloud knew of keys may end with it.
            self._key = None
        return self._run([sys.executable, "-m", "local", *arguments])

    def shell(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a line of bash in the repository, in which `$LOCAL` stands for `python -m local`."""
        return self._run(["/bin/bash", "-euc", script])

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        environ = os.environ | {
            DIRECTORY_VARIABLE: str(self.settings.directory),
            PORT_VARIABLE: str(self.settings.port),
            RECEIVER_PORT_VARIABLE: str(self.settings.receiver_port),
            WORKLOAD_ENDPOINT_VARIABLE: self.settings.workload_endpoint_url or "",
            "LOCAL": f"{sys.executable} -m local",
        }
        return subprocess.run(  # noqa: S603 - the commands under test
            command,
            cwd=self.settings.root,
            env=environ,
            capture_output=True,
            text=True,
            timeout=self.bound_seconds,
            check=False,
        )

    def up(self, *arguments: str) -> None:
        """Deploy, and take note of how it went."""
        done = self.operate("up", "--system", self.system, "--env", self.env, *arguments)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        self.printed = self.printed or done.stdout
        progress = DeployProgress(self.settings.assembly)
        for line in (self.settings.logs / "cdk.log").read_text().splitlines():
            progress.read(line)
        self.phases = progress.order
        self.first_phases = self.first_phases or progress.order

    @property
    def state(self) -> State:
        """What `state.json` says."""
        state = load(self.settings)
        assert state is not None
        return state

    def output(self, stack: str, name: str) -> str:
        """An output of a stack of the latest deployment."""
        return self.state.last.stacks[stack].outputs[name]

    def client(self, service: str, **credentials: str) -> Any:
        """An SDK client: the administrator's, or one with the given credentials."""
        its_session = session(self.settings)
        if credentials:
            its_session = boto3.Session(region_name=self.settings.region, **credentials)  # type: ignore[arg-type]
        return its_session.client(service, **client_options(self.settings))  # type: ignore[call-overload]

    def invoke(self, function: str, event: object) -> Mapping[str, Any]:
        """What Lambda answers to an invocation, of which `Payload` is the function's own answer."""
        options = client_options(self.settings)
        # Once: what is repeated because an answer was slow would only find the function at work.
        once = Config(read_timeout=_INVOCATION_BOUND_SECONDS, retries={"total_max_attempts": 1})
        options["config"] = CLIENT_CONFIG.merge(once)
        client = session(self.settings).client("lambda", **options)
        answer = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        return {**answer, "Payload": json.loads(answer["Payload"].read())}

    def cluster(self) -> dict[str, Any]:
        """The only Aurora cluster, as RDS describes it."""
        (found,) = self.client("rds").describe_db_clusters()["DBClusters"]
        return dict(found)

    def database(self) -> dict[str, Any]:
        """What the driver needs to connect to that cluster as its master user."""
        cluster = self.cluster()
        secret = self.client("secretsmanager").get_secret_value(SecretId=cluster["MasterUserSecret"]["SecretArn"])
        credentials = json.loads(secret["SecretString"])
        return {
            "host": LOOPBACK,
            "port": cluster["Port"],
            "dbname": cluster["DatabaseName"],
            "user": credentials["username"],
            "password": credentials["password"],
        }

    def user_secrets(self, database: str) -> dict[str, str]:
        """The ARN of the secret of each user of a database, whose name begins with a capital."""
        arns: dict[str, str] = json.loads(self.output("Database", f"{database}DatabaseUsers"))
        return arns

    def as_role(self, arn: str, service: str) -> Any:
        """A client with the permissions of a role. The emulator lets its administrator assume every role."""
        given = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="e2e")["Credentials"]
        return self.client(
            service,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    def task_role(self, service_output: str) -> str:
        """The role of a service's tasks; the service is named by an output of the Api stack."""
        ecs = self.client("ecs")
        names = {"cluster": self.output("Api", "ClusterName"), "services": [self.output("Api", service_output)]}
        definition = ecs.describe_services(**names)["services"][0]["taskDefinition"]
        return str(ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]["taskRoleArn"])

    def new_key(self, name: str) -> str:
        """An API key, made by the operator's command."""
        arguments = ("--system", self.system, "--env", self.env, "--name", name)
        made = self.operate("keys", "create", *arguments)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    @property
    def owner(self) -> str:
        """Who stores what the tests' own key sends, and sees nothing else."""
        key = ApiKey.parsed(self.authorization["authorization"].removeprefix("Bearer "))
        assert key is not None
        return f"key:{key.id}"

    @property
    def authorization(self) -> dict[str, str]:
        """The headers of a request by the tests' own API key; none where the system takes no keys."""
        if not any(name.endswith(OUTPUT) for stack in self.state.last.stacks.values() for name in stack.outputs):
            return {}
        self._key = self._key or self.new_key(unique())
        return {"authorization": f"Bearer {self._key}"}

    def request(
        self, path: str, body: object = None, *, method: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """A request to the API, as `local.web.send`, by the tests' own key unless the headers hold another proof."""
        sent = {**self.authorization, **(headers or {})}
        url = f"{self.state.last.api_url}{path}"
        return send(self.settings, url, body=body, method=method, headers=sent, timeout_seconds=ANSWER_BOUND_SECONDS)

    def ask(
        self, path: str, body: object = None, *, method: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """The document that a request is answered with; a refusal is a failure."""
        answer = self.request(path, body, method=method, headers=headers)
        assert answer.is_success, (answer.status, answer.document)
        return answer.document

    def read(self, path: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to a GET, repeated for a while if the API says to come back, which it may while it is busy."""
        deadline = time.monotonic() + _BUSY_SECONDS
        while (answer := self.request(path, headers=headers)).status == HTTPStatus.SERVICE_UNAVAILABLE:
            if time.monotonic() > deadline:
                break
            time.sleep(_PAUSE_SECONDS)
        return answer

    def get(self, path: str) -> Any:
        """The document that a GET, as `read`, is answered with.

        Raises:
            UnreachableError: it is answered otherwise.
        """
        answer = self.read(path)
        if not answer.is_success:
            raise UnreachableError(f"{path} was answered {answer.status}")
        return answer.document

    def deliveries(self, channel: str, text: str) -> list[dict[str, Any]]:
        """What reached the recipients of a channel with a text in it, attempts that were refused included."""
        look: Callable[[], list[dict[str, Any]] | None] = {
            "email": lambda: emails(self.settings),
            "sms": lambda: text_messages(self.settings),
        }.get(channel, lambda: received(self.settings, channel))
        # None where there was no answer in time.
        found = told(look, seconds=ANSWER_BOUND_SECONDS)
        return [each for each in found if text in str(each)]

    def tasks(self, program: str) -> list[psutil.Process]:
        """The containers' processes that run a program, such as `services.api`."""
        emulator = running(self.settings, EMULATOR)
        assert emulator is not None
        folder = str(self.settings.images)
        return [child for child in emulator.children() if _runs(child, program, folder)]


def _runs(process: psutil.Process, program: str, below: str) -> bool:
    try:
        return process.cwd().startswith(below) and program in " ".join(process.cmdline())
    except psutil.Error:  # it has ended meanwhile, as functions do
        return False


def unique() -> str:
    """A text that no other test sends."""
    return f"text-{uuid4().hex}"
