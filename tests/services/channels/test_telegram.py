"""Telegram, and what its answers mean."""

import logging
from collections.abc import Callable

import pytest

from services.channels import build_channels
from services.failures import PermanentError, TransientError
from services.logs import configure_logging
from services.messages import Channel, Message
from services.secret_values import SecretValues
from services.settings import WorkerSettings
from tests.services.channels.names import ID, TELEGRAM_PATH, TOKEN
from tests.support.emulator import Aws
from tests.support.postgres import HOST, free_port
from tests.support.receiver import Answer, Receiver


def test_telegram(deliver: Callable[..., None], receiver: Receiver) -> None:
    deliver("telegram", "-1001234567890", "Grüße")
    [request] = receiver.requests
    assert (request.method, request.path) == ("POST", TELEGRAM_PATH)
    assert request.json == {"chat_id": "-1001234567890", "text": "Grüße"}


def test_telegram_begins_with_the_subject(deliver: Callable[..., None], receiver: Receiver) -> None:
    deliver("telegram", "42", "World", "Hello")
    assert receiver.requests[0].json == {"chat_id": "42", "text": "Hello\nWorld"}


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


def test_what_is_sent_in_the_place_of_http_is_not_repeated(deliver: Callable[..., None], receiver: Receiver) -> None:
    receiver.answers[TELEGRAM_PATH] = Answer(echoed=True)
    with pytest.raises(TransientError) as failed:
        deliver("telegram", "42")
    assert str(failed.value) == "Telegram cannot be reached: its answer is no HTTP, or ends before it is whole"


def test_telegram_can_ask_for_time(deliver: Callable[..., None], receiver: Receiver) -> None:
    receiver.answers[TELEGRAM_PATH] = Answer(429, b'{"ok": false, "parameters": {"retry_after": 33}}')
    with pytest.raises(TransientError) as failed:
        deliver("telegram", "42")
    assert failed.value.retry_after_seconds == 33


@pytest.mark.parametrize(
    "body", [b"", b"oops", b"[]", b"\xff", b"[" * 60_000, b'{"parameters": []}', b'{"description": null}']
)
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
