"""notifications, deployed to a cloud of its own with microburst before its AWS API: what the faults act on."""

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg.rows import dict_row

from local.certificates import ensure_certificates
from local.processes import running as running_process
from local.servers import EMULATOR
from local.web import get_json
from tests.e2e.cloud import DeployedCloud
from tests.e2e.deployments import settings_for
from tests.faults import aws_proxy
from tests.faults.aws_proxy import AwsProxy
from tests.faults.weather import Weather
from tests.support.postgres import free_port

SYSTEM = "notifications"
# As prod, it sweeps its outbox; unlike prod, it leaves two cores something to do besides.
ENVIRONMENT = "staging"
# What a worker that is killed had in hand comes back after the visibility timeout, in the template six times the
# function's timeout of 60 s. The dead worker's claims end after less than one: waiting longer would show nothing more.
_HIDDEN_SECONDS = 60
# For the same reason a retry waits no longer than that, where it would for a quarter of an hour.
_ENVIRONMENT_FILE = f"config/systems/{SYSTEM}/{ENVIRONMENT}.py"
_SWEEPS, _AND_WAITS_LESS = "sweep_minutes=1", f"sweep_minutes=1, longest_delay_seconds={_HIDDEN_SECONDS}"
# All of a load comes from one client, by one key.
_RATE, _ANY_RATE = "requests_per_minute_per_key=6000", "requests_per_minute_per_key=1_000_000"
# Two cores that also are the cloud and its database may need more than a second for a new connection, with a secret
# that has to be read anew. Rows that allow no refused request would be about the machine.
_POOL_FILE = "services/pool.py"
_WAITS, _WAITS_LONGER = "WAIT_SECONDS = 1\n", "WAIT_SECONDS = 5\n"


@dataclass(frozen=True, slots=True)
class Stage:
    """The deployed system, and the ways to disturb it and to look at it."""

    cloud: DeployedCloud
    proxy: AwsProxy
    weather: Weather
    seed: int

    @property
    def queue_url(self) -> str:
        """Where notifications wait."""
        return self.cloud.output("Queue", "QueueUrl")

    @property
    def dlq_url(self) -> str:
        """Where messages end that cannot be delivered."""
        return self.cloud.output("Queue", "DeadLetterQueueUrl")

    def connect(self) -> psycopg.Connection[dict[str, Any]]:
        """A connection of the operator's, which commits each statement."""
        return psycopg.connect(
            **self.cloud.database(),
            connect_timeout=5,
            application_name="operator",
            # What the faults do to commits is not meant for whoever looks at them.
            options="-c synchronous_commit=local",
            autocommit=True,
            row_factory=dict_row,
        )

    def messages(self, queue_url: str) -> list[dict[str, Any]]:
        """Every message of a queue, visible or not, without receiving it."""
        settings = self.cloud.settings
        address = f"{settings.endpoint_url}/_ministack/sqs/messages?QueueUrl={queue_url}"
        found = get_json(settings, address, timeout_seconds=20)
        return list(found["messages"].get(settings.account, {}).get(settings.region, {}).get(queue_url, ()))

    def hide_messages_for(self, seconds: int) -> None:
        """Set the queue's visibility timeout: what a worker had when it was killed comes back after it."""
        self.cloud.client("sqs").set_queue_attributes(
            QueueUrl=self.queue_url, Attributes={"VisibilityTimeout": str(seconds)}
        )

    def workers(self) -> list[psutil.Process]:
        """The processes of the function that delivers."""
        name = self.cloud.output("Worker", "FunctionName")
        return [each for each in self._emulator().children() if _runs(each, f"ministack-lambda-{name}-")]

    def tasks(self) -> list[psutil.Process]:
        """The processes of the API."""
        return self.cloud.tasks("services.api")

    def _emulator(self) -> psutil.Process:
        emulator = running_process(self.cloud.settings, EMULATOR)
        assert emulator is not None, "the cloud is gone"
        return emulator


class Meanwhile:
    """The time of a load, for the fault that goes with it."""

    def __init__(self, seconds: float, seed: str) -> None:
        self.seconds = seconds
        """How long the load takes if nothing holds it up."""
        self.random = random.Random(seed)  # noqa: S311  # no secret
        self._over = threading.Event()

    @property
    def over(self) -> bool:
        """Whether everything has been accepted."""
        return self._over.is_set()

    def wait(self, seconds: float) -> bool:
        """Let time pass; whether the load is over."""
        return self._over.wait(seconds)

    def end(self) -> None:
        """The load is over."""
        self._over.set()

    def pulses(self, count: int) -> Iterator[int]:
        """So many moments spread over the load, the last of which leave it some time."""
        pause = self.seconds / (count + 1)
        for number in range(count):
            if self.wait(pause * self.random.uniform(0.8, 1.2)):
                return
            yield number


@contextmanager
def staged(folder: Path, *, seed: int) -> Iterator[Stage]:
    """Deploy from a copy of the repository, which may be changed; everything stops at the end."""
    port = free_port()
    settings = replace(settings_for(folder), workload_endpoint_url=f"https://localhost:{port}")
    settings.directory.mkdir(parents=True)
    for name, said, instead in (
        (_ENVIRONMENT_FILE, _SWEEPS, _AND_WAITS_LESS),
        (_ENVIRONMENT_FILE, _RATE, _ANY_RATE),
        (_POOL_FILE, _WAITS, _WAITS_LONGER),
    ):
        file = settings.root / name
        written = file.read_text()
        assert written.count(said) == 1, f"{name} does not say {said} once"
        file.write_text(written.replace(said, instead))
    ensure_certificates(settings)
    with aws_proxy.running(settings, port, seed) as proxy:
        cloud = DeployedCloud(settings, system=SYSTEM, env=ENVIRONMENT)
        try:
            cloud.up("--no-demo")
            stage = Stage(cloud, proxy, Weather(settings, seed), seed)
            stage.hide_messages_for(_HIDDEN_SECONDS)
            yield stage
        finally:
            cloud.operate("down")


def kill(processes: Sequence[psutil.Process]) -> int:
    """SIGKILL for what still runs of it; how many those were."""
    killed = 0
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
        killed += 1
    return killed


def own_folder(path: Path) -> Path:
    """A folder that PostgreSQL, which does not run as root, may pass through."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o755)  # holds nothing secret
    return path


def _runs(process: psutil.Process, part: str) -> bool:
    try:
        return part in " ".join(process.cmdline())
    except psutil.Error:  # it has ended meanwhile
        return False
