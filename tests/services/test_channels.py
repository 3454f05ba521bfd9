"""Delivery over each channel, and what each kind of failure means."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import UUID

import pytest

from services.channels import Deliver, build_channels
from services.channels.failures import PermanentError, TransientError
from services.logs import configure_logging
from services.messages import Channel, Message
from services.secret_values import SecretValues
from services.settings import WorkerSettings
from tests.support.emulator import Aws
from tests.support.postgres import HOST, free_port
from tests.support.receiver import Answer, Receiver

ID = UUID("7f5a1f6e-0d9b-4f3c-9a55-0c5f6f0f7f11")
TOKEN = "42:token"
SENDER = "no-reply@example.com"


@pytest.fixture
def settings(aws: Aws, receiver: Receiver) -> WorkerSettings:
    aws.ses.verify_email_identity(EmailAddress=SENDER)
    return WorkerSettings.from_environment(
        {
            "DATABASE_URL": "postgresql://unused",
            "DLQ_URL": "unused",
            "MAX_RECEIVE_COUNT": "5",
            "EMAIL_SENDER": SENDER,
            "TELEGRAM_SECRET_ARN": aws.secret(TOKEN),
            "TELEGRAM_BASE_URL": receiver.url,
            "POWERTOOLS_METRICS_NAMESPACE": "test",
            "POWERTOOLS_SERVICE_NAME": "worker",
            "APP_ENV": "test",
        }
    )


@pytest.fixture
def channels(settings: WorkerSettings) -> Mapping[Channel, Deliver]:
    return build_channels(settings, SecretValues())


@pytest.fixture
def deliver(channels: Mapping[Channel, Deliver]) -> Callable[..., None]:
    def deliver(channel: str, recipient: str, body: str = "World", subject: str | None = None) -> None:
        message = Message(id=ID, channel=Channel(channel), recipient=recipient, body=body, subject=subject)
        channels[message.channel](message)

    return deliver


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


def test_webhook(deliver: Callable[..., None], receiver: Receiver) -> None:
    deliver("webhook", f"{receiver.url}/hook?a=1", "Grüße", "Hello")
    [request] = receiver.requests
    assert (request.method, request.path) == ("POST", "/hook?a=1")
    assert request.headers["idempotency-key"] == str(ID)
    assert request.headers["content-type"] == "application/json"
    assert request.json == {"id": str(ID), "subject": "Hello", "body": "Grüße"}


def test_webhook_without_subject(deliver: Callable[..., None], receiver: Receiver) -> None:
    deliver("webhook", f"{receiver.url}/hook")
    assert receiver.requests[0].json == {"id": str(ID), "body": "World"}


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_success_of_a_webhook_will_do(deliver: Callable[..., None], receiver: Receiver, status: int) -> None:
    receiver.answers["/hook"] = Answer(status, b"")
    deliver("webhook", f"{receiver.url}/hook")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 422])
def test_a_webhook_that_refuses_is_not_asked_again(
    deliver: Callable[..., None], receiver: Receiver, status: int
) -> None:
    receiver.answers["/hook"] = Answer(status)
    with pytest.raises(PermanentError, match=str(status)):
        deliver("webhook", f"{receiver.url}/hook")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_webhook_that_is_in_trouble_is_asked_again(
    deliver: Callable[..., None], receiver: Receiver, status: int
) -> None:
    receiver.answers["/hook"] = Answer(status)
    with pytest.raises(TransientError, match=str(status)):
        deliver("webhook", f"{receiver.url}/hook")


def test_a_redirect_is_not_followed(deliver: Callable[..., None], receiver: Receiver) -> None:
    receiver.answers["/hook"] = Answer(307, headers={"Location": "/elsewhere"})
    with pytest.raises(PermanentError, match="redirects are not followed"):
        deliver("webhook", f"{receiver.url}/hook")
    assert receiver.to("/elsewhere") == []


@pytest.mark.parametrize(
    ("header", "seconds"), [("120", 120), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("-1", 0), ("²", 0)]
)
def test_a_webhook_can_ask_for_time(
    deliver: Callable[..., None], receiver: Receiver, header: str, seconds: int
) -> None:
    receiver.answers["/hook"] = Answer(429, headers={"Retry-After": header})
    with pytest.raises(TransientError) as failed:
        deliver("webhook", f"{receiver.url}/hook")
    assert failed.value.retry_after_seconds == seconds


def test_a_webhook_that_does_not_answer_in_time(
    receiver: Receiver, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.channels.http._TIMEOUT", 0.2)
    receiver.answers["/hook"] = Answer(after_seconds=2)
    channel = build_channels(settings, SecretValues())[Channel.WEBHOOK]
    with pytest.raises(TransientError, match="timed out"):
        channel(Message(id=ID, channel=Channel.WEBHOOK, recipient=f"{receiver.url}/hook", body="World"))


def test_a_webhook_that_nobody_listens_at(deliver: Callable[..., None]) -> None:
    with pytest.raises(TransientError, match="refused"):
        deliver("webhook", f"https://{HOST}:{free_port()}/hook")


def test_a_webhook_whose_host_does_not_exist(deliver: Callable[..., None]) -> None:
    with pytest.raises(TransientError, match="cannot be reached"):
        deliver("webhook", "https://nowhere.invalid/hook")


def test_a_webhook_without_trusted_certificate_gets_nothing(
    settings: WorkerSettings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    channel = build_channels(settings, SecretValues())[Channel.WEBHOOK]
    with pytest.raises(TransientError, match="certificate is not trusted"):
        channel(Message(id=ID, channel=Channel.WEBHOOK, recipient=f"{receiver.url}/hook", body="World"))
    assert receiver.requests == []


def test_an_endless_answer_is_not_read(deliver: Callable[..., None], receiver: Receiver) -> None:
    receiver.answers["/hook"] = Answer(200, b"x", headers={"Content-Length": str(10**12)})
    deliver("webhook", f"{receiver.url}/hook")


TELEGRAM_PATH = f"/bot{TOKEN}/sendMessage"


def test_telegram(deliver: Callable[..., None], receiver: Receiver) -> None:
    deliver("telegram", "-1001234567890", "Grüße")
    [request] = receiver.requests
    assert (request.method, request.path) == ("POST", TELEGRAM_PATH)
    assert request.json == {"chat_id": "-1001234567890", "text": "Grüße"}


@pytest.mark.parametrize("secret", [{"token": TOKEN}, f"{TOKEN}\n"], ids=["JSON", "text"])
def test_the_token_may_have_either_form(
    settings: WorkerSettings, aws: Aws, receiver: Receiver, secret: str | dict[str, str]
) -> None:
    changed = settings.model_copy(update={"telegram_secret_arn": aws.secret(secret)})
    channel = build_channels(changed, SecretValues())[Channel.TELEGRAM]
    channel(Message(id=ID, channel=Channel.TELEGRAM, recipient="42", body="World"))
    assert receiver.requests[0].path == TELEGRAM_PATH


def test_a_chat_that_telegram_does_not_know(deliver: Callable[..., None], receiver: Receiver) -> None:
    receiver.answers[TELEGRAM_PATH] = Answer(400, b'{"ok": false, "description": "Bad Request: chat not found"}')
    with pytest.raises(PermanentError, match="chat not found"):
        deliver("telegram", "42")


def test_a_user_who_blocked_the_bot(deliver: Callable[..., None], receiver: Receiver) -> None:
    receiver.answers[TELEGRAM_PATH] = Answer(403, b'{"ok": false, "description": "Forbidden: bot was blocked"}')
    with pytest.raises(PermanentError, match="blocked"):
        deliver("telegram", "42")


def test_telegram_can_ask_for_time(deliver: Callable[..., None], receiver: Receiver) -> None:
    receiver.answers[TELEGRAM_PATH] = Answer(429, b'{"ok": false, "parameters": {"retry_after": 33}}')
    with pytest.raises(TransientError) as failed:
        deliver("telegram", "42")
    assert failed.value.retry_after_seconds == 33


@pytest.mark.parametrize("body", [b"", b"oops", b"[]", b"\xff", b'{"parameters": []}', b'{"description": null}'])
def test_an_answer_that_is_not_telegrams(deliver: Callable[..., None], receiver: Receiver, body: bytes) -> None:
    receiver.answers[TELEGRAM_PATH] = Answer(502, body)
    with pytest.raises(TransientError, match="502"):
        deliver("telegram", "42")


@pytest.mark.parametrize("status", [401, 404])
def test_a_refused_token_is_not_the_messages_fault(
    deliver: Callable[..., None], receiver: Receiver, status: int
) -> None:
    receiver.answers[TELEGRAM_PATH] = Answer(status, b'{"ok": false}')
    with pytest.raises(TransientError, match="token") as failed:
        deliver("telegram", "42")
    assert TOKEN not in str(failed.value)


def test_a_changed_token_is_read_anew(
    deliver: Callable[..., None], receiver: Receiver, aws: Aws, settings: WorkerSettings
) -> None:
    deliver("telegram", "42")
    receiver.answers[TELEGRAM_PATH] = Answer(401, b'{"ok": false}')
    aws.secrets.put_secret_value(SecretId=settings.telegram_secret_arn, SecretString="42:other")
    deliver("telegram", "42", "again")
    assert [request.json["text"] for request in receiver.to("/bot42:other/sendMessage")] == ["again"]


def test_a_token_that_cannot_be_read_is_waited_for(settings: WorkerSettings) -> None:
    changed = settings.model_copy(update={"telegram_secret_arn": "no-such-secret"})
    with pytest.raises(TransientError, match="no-such-secret"):
        build_channels(changed, SecretValues())[Channel.TELEGRAM](
            Message(id=ID, channel=Channel.TELEGRAM, recipient="42", body="World")
        )


def test_telegram_out_of_reach(settings: WorkerSettings) -> None:
    changed = settings.model_copy(update={"telegram_base_url": f"https://{HOST}:{free_port()}"})
    with pytest.raises(TransientError, match="refused") as failed:
        build_channels(changed, SecretValues())[Channel.TELEGRAM](
            Message(id=ID, channel=Channel.TELEGRAM, recipient="42", body="World")
        )
    assert TOKEN not in str(failed.value)


def test_the_token_never_reaches_the_log(
    deliver: Callable[..., None], receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    configure_logging("test", "INFO")
    with caplog.at_level(logging.INFO):
        deliver("telegram", "42")
    assert len(receiver.requests) == 1
    assert TOKEN not in caplog.text


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
