"""However little by little the other side answers: a delivery ends, and so does its thread."""

import threading
import time
from pathlib import Path

import pytest

from services.channels import build_channels
from services.channels.http import MOST_ANSWER_BYTES
from services.delivery import Job, deliver_all
from services.failures import PermanentError, TransientError
from services.messages import MAX_BODY_BYTES, Channel, Message
from services.secret_values import SecretValues
from services.settings import WorkerSettings
from tests.services.channels.dripping import Drips, dripping
from tests.services.channels.names import ID, TELEGRAM_PATH
from tests.support.eventually import eventually
from tests.support.receiver import Answer, Receiver

# Shorter than in the product, and enough for a busy machine to connect and to get a first answer.
_SECONDS = 5
# Until a receiver has seen that its client is gone; by itself it goes on for MOST_SECONDS, thrice as long.
_SEEN_SECONDS = 60


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.channels.http.DELIVERY_SECONDS", _SECONDS)


@pytest.fixture
def secrets(settings: WorkerSettings) -> SecretValues:
    """With the bot's token read: a delivery spends none of its time on that."""
    secrets = SecretValues()
    secrets.text(settings.telegram_secret_arn)
    return secrets


@pytest.mark.usefixtures("_soon")
@pytest.mark.parametrize(
    ("channel", "drips"),
    [
        (Channel.WEBHOOK, Drips.HEADERS),
        (Channel.WEBHOOK, Drips.READING),
        (Channel.TELEGRAM, Drips.HEADERS),
        (Channel.TELEGRAM, Drips.REFUSAL),
    ],
)
def test_a_delivery_ends_although_something_comes_all_the_time(
    settings: WorkerSettings, secrets: SecretValues, certificate: tuple[Path, Path], channel: Channel, drips: Drips
) -> None:
    with dripping(drips, certificate) as receiver:
        changed = settings.model_copy(update={"telegram_base_url": receiver.url})
        recipient = receiver.url if channel is Channel.WEBHOOK else "42"
        body = "x" * (MAX_BODY_BYTES if drips is Drips.READING else 1)
        deliver = build_channels(changed, secrets)[channel]
        # At its end by itself, the receiver would have closed the connection, which is another error.
        with pytest.raises(TransientError, match="timed out"):
            deliver(Message(id=ID, channel=channel, recipient=recipient, body=body))
        assert receiver.taken < MAX_BODY_BYTES
        receiver.hurry.set()
        assert receiver.cut_off.wait(_SEEN_SECONDS)


@pytest.mark.usefixtures("_soon")
@pytest.mark.parametrize("channel", [Channel.WEBHOOK, Channel.TELEGRAM])
def test_what_was_taken_is_delivered_although_the_answer_never_ends(
    settings: WorkerSettings, secrets: SecretValues, certificate: tuple[Path, Path], channel: Channel
) -> None:
    with dripping(Drips.SUCCESS, certificate) as receiver:
        changed = settings.model_copy(update={"telegram_base_url": receiver.url})
        recipient = receiver.url if channel is Channel.WEBHOOK else "42"
        build_channels(changed, secrets)[channel](Message(id=ID, channel=channel, recipient=recipient, body="World"))
        receiver.hurry.set()
        assert receiver.cut_off.wait(_SEEN_SECONDS)


@pytest.mark.usefixtures("_soon")
def test_the_thread_of_a_delivery_that_was_given_up_ends(
    settings: WorkerSettings, certificate: tuple[Path, Path]
) -> None:
    with dripping(Drips.HEADERS, certificate) as receiver:
        message = Message(id=ID, channel=Channel.WEBHOOK, recipient=receiver.url, body="World")
        channels = build_channels(settings, SecretValues())
        others = set(threading.enumerate())
        verdicts = deliver_all([[Job(message)]], channels, deadline=time.monotonic() + 0.1)
        assert isinstance(verdicts[ID], TransientError)
        eventually(lambda: not [each for each in _deliveries() if each not in others])


def _deliveries() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name.startswith("deliver")]


def test_no_more_of_an_answer_is_read_than_an_explanation_needs(settings: WorkerSettings, receiver: Receiver) -> None:
    endless = Answer(400, b"x" * (MOST_ANSWER_BYTES + 1), headers={"Content-Length": str(10**12)})
    receiver.answers[TELEGRAM_PATH] = endless
    deliver = build_channels(settings, SecretValues())[Channel.TELEGRAM]
    with pytest.raises(PermanentError, match="400"):
        deliver(Message(id=ID, channel=Channel.TELEGRAM, recipient="42", body="World"))
