import asyncio
from typing import Any

import httpx
import pytest

from local import receiver, receiver_page
from local.receiver import BODY_LIMIT_BYTES, KEPT_DELIVERIES, create_app
from local.settings import Settings

SEND = "/bot1:token/sendMessage"


class Client:
    """Calls the receiver without a network."""

    def __init__(self, settings: Settings) -> None:
        self._transport = httpx.ASGITransport(create_app(settings))

    def get(self, path: str, **request: Any) -> httpx.Response:
        return self._send("GET", path, **request)

    def post(self, path: str, **request: Any) -> httpx.Response:
        return self._send("POST", path, **request)

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="https://receiver") as client:
                return await client.request(method, path, **request)

        return asyncio.run(send())


@pytest.fixture
def client(settings: Settings) -> Client:
    return Client(settings)


def test_a_webhook_is_kept_with_its_headers_and_body(client: Client) -> None:
    answer = client.post("/webhook/orders/7", json={"total": 3}, headers={"idempotency-key": "k", "authorization": "x"})
    assert answer.status_code == 200
    (delivery,) = client.get("/received", params={"channel": "webhook"}).json()
    assert delivery["recipient"] == "/webhook/orders/7"
    assert delivery["body"] == {"total": 3}
    assert delivery["headers"]["idempotency-key"] == "k"
    assert "authorization" not in delivery["headers"]
    assert client.get("/received", params={"channel": "telegram"}).json() == []


def test_an_asked_for_status_is_answered_and_kept(client: Client) -> None:
    assert client.post("/webhook/status/503", content="x").status_code == 503
    assert client.get("/received").json()[0]["status"] == 503


def test_the_first_requests_with_a_key_can_be_refused(client: Client) -> None:
    statuses = [client.post("/webhook/fail-first/2/a").status_code for _ in range(4)]
    assert statuses == [503, 503, 200, 200]
    assert client.post("/webhook/fail-first/1/b").status_code == 503


@pytest.mark.parametrize("path", ["status/99", "status/abc", "status/", "fail-first/x/k", "fail-first/1"])
def test_a_misspelt_fault_is_no_delivery(client: Client, path: str) -> None:
    assert client.post(f"/webhook/{path}").status_code == 404
    assert client.get("/received").json() == []


def test_a_telegram_message_is_answered_as_by_the_bot_api(client: Client) -> None:
    answer = client.post(SEND, json={"chat_id": -100, "text": "hi"}).json()
    assert answer["ok"] is True
    assert answer["result"]["text"] == "hi"
    assert answer["result"]["message_id"] == 1
    assert client.post(SEND, data={"chat_id": "@channel", "text": "form"}).json()["ok"] is True
    assert [each["recipient"] for each in client.get("/received?channel=telegram").json()] == ["-100", "@channel"]


@pytest.mark.parametrize(
    ("path", "body", "status", "description"),
    [
        ("/bot/sendMessage", {"chat_id": 1, "text": "x"}, 404, "Not Found"),
        (SEND, {"text": "x"}, 400, "Bad Request: chat_id is empty"),
        (SEND, {"chat_id": 0, "text": "x"}, 400, "Bad Request: chat not found"),
        (SEND, {"chat_id": "-404", "text": "x"}, 400, "Bad Request: chat not found"),
        (SEND, {"chat_id": 1, "text": " "}, 400, "Bad Request: message text is empty"),
        (SEND, {"chat_id": 1, "text": "x" * 4097}, 400, "Bad Request: message is too long"),
        (SEND, "no object", 400, "Bad Request: chat_id is empty"),
    ],
)
def test_telegram_refuses_as_the_bot_api_does(
    client: Client, path: str, body: Any, status: int, description: str
) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == status
    assert answer.json() == {"ok": False, "error_code": status, "description": description}


def test_a_body_over_the_limit_is_refused_and_not_kept(client: Client) -> None:
    assert client.post("/webhook/x", content=b"x" * BODY_LIMIT_BYTES).status_code == 200
    assert client.post("/webhook/x", content=b"x" * (BODY_LIMIT_BYTES + 1)).status_code == 413
    assert len(client.get("/received").json()) == 1


def test_only_the_last_deliveries_are_kept(client: Client) -> None:
    for _ in range(KEPT_DELIVERIES + 1):
        client.post("/webhook/x")
    numbers = [each["number"] for each in client.get("/received").json()]
    assert (len(numbers), numbers[0], numbers[-1]) == (KEPT_DELIVERIES, 2, KEPT_DELIVERIES + 1)


def test_an_unknown_channel_is_refused_with_those_there_are(client: Client) -> None:
    answer = client.get("/received", params={"channel": "fax"})
    assert answer.status_code == 400
    assert answer.text == "channel 'fax' is unknown; allowed: webhook, telegram"


def test_the_page_shows_every_channel_and_runs_nothing_of_it(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    mail = {"Timestamp": 1.0, "To": ["ada@example.com"], "Subject": "Hi", "BodyText": "mail text", "BodyHtml": ""}
    monkeypatch.setattr(receiver_page, "emails", lambda _: [mail])
    monkeypatch.setattr(receiver_page, "text_messages", lambda _: [{"PhoneNumber": "+1415", "Message": "sms text"}])
    client.post("/webhook/x", json={"evil": "<script>alert(1)</script>"})
    client.post("/webhook/status/500")
    client.post(SEND, json={"chat_id": 1, "text": "telegram text"})
    answer = client.get("/")
    for expected in ("mail text", "sms text", "telegram text", "&lt;script&gt;", "answered 500", "ada@example.com"):
        assert expected in answer.text
    assert "<script>" not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_page_says_when_the_cloud_does_not_answer(client: Client) -> None:
    assert "The cloud does not answer" in client.get("/").text


def test_the_process_refuses_a_port_that_is_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["receiver", "--data", "/x", "--port", "70000", "--cloud-port", "1"])
    with pytest.raises(SystemExit):
        receiver.main()
    assert "70000" in capsys.readouterr().err
