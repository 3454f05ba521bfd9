"""The dead-letter queue while SQS is sick: what cannot be shown again shows itself, and is not worth a minute."""

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from services.dead_letters import DeadLetter, DeadLetterQueue
from tests.support.emulator import REGION

URL = "http://127.0.0.1:1/000000000000/dead"


class Client:
    """Stands for the SDK's client: has been asked for so many batches, each of which takes so many seconds."""

    def __init__(self, *, answers: int, seconds: float = 0) -> None:
        self.answers = answers
        self.seconds = seconds
        self.asked = 0
        self.now = 0.0

    def change_message_visibility_batch(self, **_: Any) -> dict[str, Any]:
        self.asked += 1
        self.now += self.seconds
        if self.asked > self.answers:
            raise EndpointConnectionError(endpoint_url=URL)
        return {}


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


def released(monkeypatch: pytest.MonkeyPatch, client: Client, count: int) -> int:
    """Of how many batches SQS has been asked to show them."""
    queue = DeadLetterQueue(URL)
    monkeypatch.setattr(queue, "_client", client)
    monkeypatch.setattr("services.dead_letters.time.monotonic", lambda: client.now)
    queue.release([DeadLetter(message_id=str(n), receipt_handle=str(n), body="") for n in range(count)])
    return client.asked


def test_all_are_shown_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert released(monkeypatch, Client(answers=100), 95) == 10


def test_after_one_that_fails_no_other_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert released(monkeypatch, Client(answers=2), 95) == 3
    # Other loggers may belong to what an earlier test has left running.
    told = [record for record in caplog.records if record.name == "services.dead_letters"]
    assert [record.__dict__["letters"] for record in told] == [75]


def test_none_is_begun_once_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    assert released(monkeypatch, Client(answers=100, seconds=2), 1000) == 3
