"""AWS for tests: one emulator process per test process, over plain HTTP and without permissions.

Import `emulator` into a conftest.py to use it; a test that also uses `aws` has the SDK talk to it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import httpx
import pytest

from tests.support.postgres import HOST, free_port

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ses import SESClient
    from mypy_boto3_sqs import SQSClient

REGION = "us-east-1"
ACCOUNT = "000000000000"
_START_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Emulator:
    """The emulator's address, and a look into what it holds."""

    url: str

    def messages(self, queue_url: str) -> list[dict[str, Any]]:
        """Every message of a queue, without receiving it."""
        answer = self._get("/_ministack/sqs/messages", QueueUrl=queue_url, account=ACCOUNT)["messages"]
        queues: dict[str, list[dict[str, Any]]] = answer.get(ACCOUNT, {}).get(REGION, {})
        return queues.get(queue_url, [])

    def emails(self, recipient: str) -> list[dict[str, Any]]:
        """The mail that SES sent to an address."""
        sent: list[dict[str, Any]] = self._get("/_ministack/ses/messages", account=ACCOUNT)["messages"].get(ACCOUNT, [])
        return [mail for mail in sent if recipient in mail["To"]]

    def texts(self, phone_number: str) -> list[dict[str, Any]]:
        """The messages that SNS sent to a phone."""
        answer = self._get("/_ministack/sns/sms-messages", account=ACCOUNT, phoneNumber=phone_number)
        messages: list[dict[str, Any]] = answer["sms_messages"][phone_number]
        return messages

    def _get(self, path: str, **query: str) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.get(self.url + path, params=query, timeout=60).raise_for_status().json()
        return answer


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """The emulator, for as long as the test session lasts."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="emulator-") as folder, (Path(folder) / "log").open("w+") as log:
        environment = {
            "PATH": os.environ["PATH"],
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(port),
            "SERVICES": "cloudformation,cloudwatch,s3,sqs,ses,sns,secretsmanager,sts,iam",
            "TMPDIR": folder,
            "LOG_LEVEL": "WARNING",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
        emulator = Emulator(f"http://{HOST}:{port}")
        try:
            _await_health(emulator.url, process, Path(folder) / "log")
            yield emulator
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await_health(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/_ministack/health").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError(f"the emulator did not start: {log.read_text()}")


@dataclass(frozen=True, slots=True)
class Aws:
    """Clients of the emulator, and resources under names that no other test uses."""

    emulator: Emulator
    sqs: "SQSClient"
    ses: "SESClient"
    secrets: "SecretsManagerClient"

    def queue(self, **attributes: str) -> str:
        """Creates a queue; returns its URL."""
        suffix = ".fifo" if attributes.get("FifoQueue") == "true" else ""
        name = f"test-{uuid4().hex}{suffix}"
        return self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]  # keys are literals there

    def secret(self, value: str | dict[str, str]) -> str:
        """Creates a secret; returns its ARN."""
        text = value if isinstance(value, str) else json.dumps(value)
        return self.secrets.create_secret(Name=f"test-{uuid4().hex}", SecretString=text)["ARN"]

    def pending(self, arn: str, token: str, value: str | None = None) -> None:
        """Gives a secret a version that is pending, as a rotation begins; None leaves it empty."""
        more = {} if value is None else {"SecretString": value}
        self.secrets.put_secret_value(SecretId=arn, ClientRequestToken=token, VersionStages=["AWSPENDING"], **more)


@pytest.fixture
def aws(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """Points the SDK to the emulator for the duration of a test."""
    for name, value in {
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    return Aws(emulator, boto3.client("sqs"), boto3.client("ses"), boto3.client("secretsmanager"))
