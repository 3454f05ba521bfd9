"""Posting notifications: stored and then queued, or neither."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from uuid import UUID

import httpx
import pytest

from services.api.app import create_app
from services.messages import MAX_BODY_BYTES, Message
from services.serving.json_route import MAX_REQUEST_BYTES
from services.settings import ApiSettings
from tests.services.conftest import Queued
from tests.services.problems import problem
from tests.support.emulator import Aws
from tests.support.eventually import eventually
from tests.support.postgres import TestDatabase
from tests.support.serving import client_of, serving

EMAIL = {"channel": "email", "recipient": "ada@example.com", "subject": "Hello", "body": "World"}
JSON = {"Content-Type": "application/json"}


def stored(database: TestDatabase) -> int:
    count: int = database.rows("SELECT count(*) FROM notifications")[0][0]
    return count


@pytest.fixture
def nothing_happens(queued: Queued, database: TestDatabase) -> Iterator[None]:
    yield
    assert stored(database) == 0
    assert queued() == []


@pytest.mark.parametrize(
    "content",
    [
        EMAIL,
        {"channel": "sms", "recipient": "+14155550123", "body": "World"},
        {"channel": "webhook", "recipient": "https://example.com/hook", "body": "Grüße 👋\n"},
        {"channel": "telegram", "recipient": "@example_channel", "body": "World"},
    ],
)
def test_a_notification_is_stored_and_queued_as_it_was_posted(
    api: httpx.Client, queued: Queued, database: TestDatabase, content: dict[str, str]
) -> None:
    response = api.post("/notifications", json=content)
    assert response.status_code == 202
    answer = response.json()
    assert answer["status"] == "queued"
    assert response.headers["location"] == f"/notifications/{answer['id']}"
    [message] = queued()
    assert Message.from_json(message["Body"]) == Message.model_validate({"id": UUID(answer["id"]), **content})
    rows = database.rows("SELECT id, channel, recipient, subject, body, status, attempts, sent_at FROM notifications")
    expected = (content["channel"], content["recipient"], content.get("subject"), content["body"])
    assert rows == [(UUID(answer["id"]), *expected, "queued", 0, None)]


def test_without_a_key_the_same_content_is_another_notification(api: httpx.Client, queued: Queued) -> None:
    ids = {api.post("/notifications", json=EMAIL).json()["id"] for _ in range(2)}
    assert len(ids) == len(queued()) == 2


def test_the_same_key_gives_the_first_notification(api: httpx.Client, queued: Queued, database: TestDatabase) -> None:
    headers = {"Idempotency-Key": "order-42/confirmation"}
    answers = [api.post("/notifications", json=EMAIL, headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert database.rows("SELECT idempotency_key FROM notifications") == [("order-42/confirmation",)]
    assert len(queued()) == 1


def test_the_same_key_written_differently_but_meaning_the_same_is_the_same(api: httpx.Client) -> None:
    headers = {"Idempotency-Key": "1", **JSON}
    first = api.post("/notifications", content=json.dumps(EMAIL), headers=headers)
    reordered = dict(reversed(EMAIL.items()))
    second = api.post("/notifications", content=json.dumps(reordered, indent=4), headers=headers)
    assert first.json() == second.json()


@pytest.mark.parametrize("change", [{"body": "Other"}, {"recipient": "bob@example.com"}, {"subject": None}])
def test_the_same_key_for_another_content_is_refused(
    api: httpx.Client, queued: Queued, database: TestDatabase, change: dict[str, object]
) -> None:
    headers = {"Idempotency-Key": "1"}
    api.post("/notifications", json=EMAIL, headers=headers)
    answer = api.post("/notifications", json={**EMAIL, **change}, headers=headers)
    assert list(problem(answer, 422)) == ["Idempotency-Key"]
    assert stored(database) == len(queued()) == 1


def test_a_replay_tells_how_the_first_notification_fares_by_now(api: httpx.Client, database: TestDatabase) -> None:
    headers = {"Idempotency-Key": "1"}
    first = api.post("/notifications", json=EMAIL, headers=headers).json()
    with database.connect() as connection:
        connection.execute("UPDATE notifications SET status = 'sent', sent_at = now()")
    assert api.post("/notifications", json=EMAIL, headers=headers).json() == {"id": first["id"], "status": "sent"}


def test_concurrent_posts_with_one_key_make_one_row_and_one_message(
    api: httpx.Client, queued: Queued, database: TestDatabase
) -> None:
    def post(_: int) -> httpx.Response:
        return api.post("/notifications", json=EMAIL, headers={"Idempotency-Key": "1"})

    with ThreadPoolExecutor(8) as executor:
        answers = list(executor.map(post, range(16)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert stored(database) == len(queued()) == 1


def test_a_fifo_queue_gets_the_notifications_of_one_recipient_in_their_order(
    aws: Aws, api_environment: dict[str, str]
) -> None:
    queue_url = aws.queue(FifoQueue="true")
    app = create_app(ApiSettings.from_environment({**api_environment, "QUEUE_URL": queue_url}))
    with serving(app) as url, client_of(url) as client:
        for number in range(30):
            recipient = f"{'ada' if number % 3 else 'bob'}@example.com"
            client.post("/notifications", json={**EMAIL, "recipient": recipient, "body": str(number)})
        eventually(lambda: len(aws.emulator.messages(queue_url)) == 30)
    messages = aws.emulator.messages(queue_url)
    groups: dict[str, list[int]] = {}
    for message in messages:
        groups.setdefault(message["MessageGroupId"], []).append(int(Message.from_json(message["Body"]).body))
    assert len({message["MessageDeduplicationId"] for message in messages}) == 30
    assert sorted(groups.values()) == [
        [number for number in range(30) if not number % 3],
        [number for number in range(30) if number % 3],
    ]


@pytest.mark.parametrize("key", ["", "a" * 256, "two words", "naïve"])
@pytest.mark.usefixtures("nothing_happens")
def test_keys_that_are_refused(api: httpx.Client, key: str) -> None:
    answer = api.post("/notifications", json=EMAIL, headers={b"Idempotency-Key": key.encode()})
    assert list(problem(answer, 422)) == ["Idempotency-Key"]


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        ({}, ["channel", "recipient", "body"]),
        ([], ["(request body)"]),
        ("text", ["(request body)"]),
        ({**EMAIL, "recipient": "nobody"}, ["recipient"]),
        ({**EMAIL, "channel": "fax"}, ["channel"]),
        ({**EMAIL, "body": 1, "subject": []}, ["subject", "body"]),
        ({**EMAIL, "id": "7f5a1f6e-0d9b-4f3c-9a55-0c5f6f0f7f11"}, ["id"]),
        ({**EMAIL, "body": "a\0b"}, ["body"]),
        ({**EMAIL, "body": "a\x07b"}, ["body"]),
        ({**EMAIL, "body": "a" * (MAX_BODY_BYTES + 1)}, ["body"]),
    ],
)
@pytest.mark.usefixtures("nothing_happens")
def test_invalid_content_is_answered_by_field(api: httpx.Client, content: object, fields: list[str]) -> None:
    assert list(problem(api.post("/notifications", json=content), 422)) == fields


@pytest.mark.usefixtures("nothing_happens")
def test_of_many_faults_some_are_told_and_the_rest_is_counted(api: httpx.Client) -> None:
    content = EMAIL | {"x" * 100_000: 1} | {f"{number:05}": 1 for number in range(900)}
    answer = api.post("/notifications", json=content)
    faults = problem(answer, 422)
    assert list(faults) == ["x" * 100] + [f"{number:05}" for number in range(19)]
    assert answer.json()["detail"].endswith(", 00018; further faults: 881")
    assert len(answer.content) < 5000


@pytest.mark.usefixtures("nothing_happens")
def test_a_body_of_very_many_fields_is_not_looked_at_any_further(api: httpx.Client) -> None:
    content = {f"{number:05}": 1 for number in range(70_000)}
    faults = problem(api.post("/notifications", json=content), 422)
    assert faults == {"(request body)": "must have at most 1000 fields, those of objects within it among them"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nul",
        b"{'channel': 'email'}",
        json.dumps({**EMAIL, "body": float("nan")}).encode(),
        b'{"channel": "email", "recipient": "ada@example.com", "body": Infinity}',
        b'{"body": "\xff\xfe"}',
        json.dumps(EMAIL).encode("utf-16"),
        b'{"body": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 10_000,
        b"\0",
    ],
)
@pytest.mark.usefixtures("nothing_happens")
def test_what_is_not_json_is_refused(api: httpx.Client, body: bytes) -> None:
    assert list(problem(api.post("/notifications", content=body, headers=JSON), 400)) == ["(request body)"]


@pytest.mark.usefixtures("nothing_happens")
def test_an_absent_body_is_refused(api: httpx.Client) -> None:
    assert list(problem(api.post("/notifications", headers=JSON), 422)) == ["(request body)"]


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "application/json; charset=utf-8; charset=latin-1",
        "application/json; charset*=x; charset*0=y",
        "application/json; a*=x; a*0=y",
        "application/json; a*=",
        "application/json; =",
        "application/json, text/plain",
        'application/json; a="b',
        "nonsense",
        "/",
        ";",
    ],
)
@pytest.mark.usefixtures("nothing_happens")
def test_another_content_type_is_refused(api: httpx.Client, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = api.post("/notifications", content=json.dumps(EMAIL), headers=headers)
    assert list(problem(answer, 415)) == ["Content-Type"]


def test_a_long_content_type_is_told_in_part(api: httpx.Client) -> None:
    answer = api.post("/notifications", content=json.dumps(EMAIL), headers={"Content-Type": "text/" + "x" * 5000})
    assert problem(answer, 415) == {"Content-Type": f"is 'text/{'x' * 95}': must be application/json"}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=UTF-8",
        'application/json;charset="utf-8"',
        "APPLICATION/JSON",
        "application/json;",
        'application/json ; a="\\"; charset=x"',
    ],
)
def test_json_by_another_spelling_is_accepted(api: httpx.Client, content_type: str) -> None:
    answer = api.post("/notifications", content=json.dumps(EMAIL), headers={"Content-Type": content_type})
    assert answer.status_code == 202


@pytest.mark.parametrize("chunked", [False, True], ids=["with length", "chunked"])
@pytest.mark.parametrize("excess", [1, 8 * MAX_REQUEST_BYTES], ids=["by one byte", "by far"])
@pytest.mark.usefixtures("nothing_happens")
def test_a_request_over_the_limit_is_refused_however_it_is_sent(
    api: httpx.Client, excess: int, *, chunked: bool
) -> None:
    size = MAX_REQUEST_BYTES + excess
    chunk = b" " * 65_536
    chunks = (chunk[: min(len(chunk), size - sent)] for sent in range(0, size, len(chunk)))
    headers = JSON if chunked else {**JSON, "Content-Length": str(size)}
    problem(api.post("/notifications", content=chunks, headers=headers), 413)


def test_a_request_that_declares_too_much_is_refused_before_it_is_sent(api: httpx.Client) -> None:
    with closing(HTTPConnection(api.base_url.netloc.decode(), timeout=60)) as connection:
        connection.putrequest("POST", "/notifications")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(MAX_REQUEST_BYTES + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413


def test_the_largest_body_is_accepted_even_when_every_character_is_escaped(api: httpx.Client, queued: Queued) -> None:
    content = {**EMAIL, "body": "é" * (MAX_BODY_BYTES // 2)}
    answer = api.post("/notifications", content=json.dumps(content, ensure_ascii=True), headers=JSON)
    assert answer.status_code == 202, answer.text
    [message] = queued()
    assert Message.from_json(message["Body"]).body == content["body"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/notifications/", 404),
        ("PUT", "/notifications", 405),
        ("DELETE", "/health", 405),
        ("GET", "/docs", 404),
    ],
)
def test_unknown_operations_are_problems_too(api: httpx.Client, method: str, path: str, status: int) -> None:
    problem(api.request(method, path), status)
