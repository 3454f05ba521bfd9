"""E-mail and SMS, and what the errors of AWS mean."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from services.channels import Deliver, build_channels
from services.failures import PermanentError, TransientError
from services.messages import Channel, Message
from services.secret_values import SecretValues
from services.settings import WorkerSettings
from tests.services.channels.names import ID, SENDER
from tests.support.emulator import Aws
from tests.support.postgres import HOST, free_port
from tests.support.receiver import Answer, Receiver


def test_every_channel_has_a_way_out(channels: Mapping[Channel, Deliver]) -> None:
    assert set(channels) == set(Channel)


def test_email(deliver: Callable[..., None], aws: Aws) -> None:
    deliver("email", "ada@example.com", "Grüße 👋\n", "Schöne Grüße")
    [mail] = aws.emulator.emails("ada@example.com")
    assert (mail["Source"], mail["Subject"], mail["BodyText"]) == (SENDER, "Schöne Grüße", "Grüße 👋\n")


def test_email_without_subject_has_one_all_the_same(deliver: Callable[..., None], aws: Aws) -> None:
    deliver("email", "bob@example.com")
    [mail] = aws.emulator.emails("bob@example.com")
    assert mail["Subject"] == "Notification"


def test_sms(deliver: Callable[..., None], aws: Aws) -> None:
    deliver("sms", "+14155550123", "Grüße")
    [text] = aws.emulator.texts("+14155550123")
    assert text["Message"] == "Grüße"


def test_sms_begins_with_the_subject(deliver: Callable[..., None], aws: Aws) -> None:
    deliver("sms", "+14155550124", "World", "Hello")
    [text] = aws.emulator.texts("+14155550124")
    assert text["Message"] == "Hello\nWorld"


@pytest.mark.parametrize(("channel", "recipient"), [("email", "ada@example.com"), ("sms", "+14155550123")])
@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("MessageRejected", 400, PermanentError),
        ("InvalidParameter", 400, PermanentError),
        ("Throttling", 400, TransientError),
        ("AccessDenied", 403, TransientError),
        ("InternalFailure", 500, TransientError),
        ("ServiceUnavailable", 503, TransientError),
    ],
)
def test_what_an_error_of_aws_means(
    *,
    settings: WorkerSettings,
    receiver: Receiver,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    channel: str,
    recipient: str,
    code: str,
    status: int,
    expected: type[Exception],
) -> None:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>because</Message></Error>"
    answer = f"<ErrorResponse>{error}</ErrorResponse>"
    receiver.answers["/"] = Answer(status, answer.encode(), headers={"Content-Type": "text/xml"})
    monkeypatch.setenv("AWS_ENDPOINT_URL", receiver.url)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate[0]))
    message = Message(id=ID, channel=Channel(channel), recipient=recipient, body="World")
    with pytest.raises(expected, match=f"{code}: because"):
        build_channels(settings, SecretValues())[message.channel](message)


@pytest.mark.parametrize(("channel", "recipient"), [("email", "ada@example.com"), ("sms", "+14155550123")])
def test_aws_out_of_reach(
    settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch, channel: str, recipient: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{HOST}:{free_port()}")
    message = Message(id=ID, channel=Channel(channel), recipient=recipient, body="World")
    with pytest.raises(TransientError, match="did not answer"):
        build_channels(settings, SecretValues())[message.channel](message)


def test_a_sender_that_ses_has_not_verified(settings: WorkerSettings) -> None:
    changed = settings.model_copy(update={"email_sender": "stranger@example.org"})
    channel = build_channels(changed, SecretValues())[Channel.EMAIL]
    with pytest.raises(PermanentError, match="MessageRejected"):
        channel(Message(id=ID, channel=Channel.EMAIL, recipient="ada@example.com", body="World"))
