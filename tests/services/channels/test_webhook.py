"""Webhooks, and what their answers mean."""

from collections.abc import Callable

import pytest

from services.channels import build_channels
from services.failures import PermanentError, TransientError
from services.messages import Channel, Message
from services.secret_values import SecretValues
from services.settings import WorkerSettings
from tests.services.channels.names import ID
from tests.support.postgres import free_port
from tests.support.receiver import Answer, Receiver


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
    ("header", "seconds"), [("120", 120), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("-1", 0), ("²", 0), ("9" * 5000, 0)]
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
    monkeypatch.setattr("services.channels.http.DELIVERY_SECONDS", 0.2)
    receiver.answers["/hook"] = Answer(after_seconds=2)
    channel = build_channels(settings, SecretValues())[Channel.WEBHOOK]
    with pytest.raises(TransientError, match="timed out"):
        channel(Message(id=ID, channel=Channel.WEBHOOK, recipient=f"{receiver.url}/hook", body="World"))


def test_a_webhook_that_nobody_listens_at(deliver: Callable[..., None]) -> None:
    with pytest.raises(TransientError, match="refused"):
        deliver("webhook", f"https://localhost:{free_port()}/hook")


def test_what_a_webhook_sends_in_the_place_of_http_is_not_repeated(
    deliver: Callable[..., None], receiver: Receiver
) -> None:
    receiver.answers["/hook?token=hunter2"] = Answer(echoed=True)
    with pytest.raises(TransientError) as failed:
        deliver("webhook", f"{receiver.url}/hook?token=hunter2")
    assert str(failed.value) == "the webhook cannot be reached: its answer is no HTTP, or ends before it is whole"


@pytest.mark.parametrize(
    ("host", "reason"), [("nowhere.invalid", "its name cannot be resolved"), ("localhost:{free}", "Connection refused")]
)
def test_why_a_webhook_cannot_be_reached_is_told(deliver: Callable[..., None], host: str, reason: str) -> None:
    with pytest.raises(TransientError, match=f"^the webhook cannot be reached: {reason}$"):
        deliver("webhook", f"https://{host.format(free=free_port())}/hook?token=hunter2")


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
