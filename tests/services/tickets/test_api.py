"""What the tickets service takes in and shows."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.services.problems import problem
from tests.services.tickets.conftest import SEND
from tests.support.eventually import eventually
from tests.support.postgres import TestDatabase
from tests.support.receiver import Receiver

TICKET = {"subject": "Printer on fire", "description": "Second floor.", "chat": "@support_desk"}


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"subject": ""}, "subject", "at least 1 character"),
        ({"subject": "   "}, "subject", "at least 1 character"),
        ({"subject": "a" * 257}, "subject", "at most 256"),
        ({"subject": "two\nlines"}, "subject", "must be one line"),
        ({"subject": "nul\0"}, "subject", "U+0000"),
        ({"description": " \n "}, "description", "at least 1 character"),
        ({"description": "a" * 3501}, "description", "at most 3500"),
        ({"description": "nul\0"}, "description", "U+0000"),
        ({"chat": "support"}, "chat", "-1001234567890"),
        ({"chat": 5}, "chat", "valid string"),
        ({"priority": 1}, "priority", "not permitted"),
    ],
)
def test_what_is_not_a_ticket_is_refused_by_field(
    client: httpx.Client, database: TestDatabase, changes: dict[str, Any], field: str, said: str
) -> None:
    faults = problem(client.post("/tickets", json={**TICKET, **changes}), 422)
    assert list(faults) == [field]
    assert said in faults[field]
    assert database.rows("SELECT * FROM tickets") == database.rows("SELECT * FROM outbox") == []


def test_every_missing_field_is_named(client: httpx.Client) -> None:
    assert set(problem(client.post("/tickets", json={}), 422)) == {"subject", "description", "chat"}


def test_the_longest_ticket_fits_into_a_message(client: httpx.Client) -> None:
    longest = {"subject": "s" * 256, "description": "ä" * 3500, "chat": "@support_desk"}
    assert client.post("/tickets", json=longest).status_code == 202


def test_a_body_that_is_no_json_is_refused(client: httpx.Client) -> None:
    problem(client.post("/tickets", content="subject=x"), 415)
    problem(client.post("/tickets", content="{", headers={"content-type": "application/json"}), 400)


def test_the_same_key_gives_the_first_ticket(client: httpx.Client, database: TestDatabase) -> None:
    headers = {"Idempotency-Key": "crash-42/report"}
    # As it is stored, what surrounds the text is left off.
    contents = [TICKET, dict(reversed(TICKET.items())), {**TICKET, "subject": f" {TICKET['subject']} "}]
    answers = [client.post("/tickets", json=content, headers=headers) for content in contents]
    assert [answer.status_code for answer in answers] == [202] * 3
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert database.rows("SELECT idempotency_key FROM tickets") == [("crash-42/report",)]


def test_without_a_key_the_same_content_is_another_ticket(client: httpx.Client) -> None:
    assert len({client.post("/tickets", json=TICKET).json()["id"] for _ in range(2)}) == 2


@pytest.mark.parametrize("changes", [{"subject": "Other"}, {"description": "Other"}, {"chat": "-5"}])
def test_the_same_key_for_another_content_is_refused(
    client: httpx.Client, database: TestDatabase, changes: dict[str, str]
) -> None:
    headers = {"Idempotency-Key": "1"}
    client.post("/tickets", json=TICKET, headers=headers)
    answer = client.post("/tickets", json={**TICKET, **changes}, headers=headers)
    assert list(problem(answer, 422)) == ["Idempotency-Key"]
    assert database.rows("SELECT subject FROM tickets") == [(TICKET["subject"],)]


def test_a_replay_tells_how_the_first_ticket_fares_by_now(client: httpx.Client, database: TestDatabase) -> None:
    headers = {"Idempotency-Key": "1"}
    first = client.post("/tickets", json=TICKET, headers=headers).json()
    with database.connect() as connection:
        connection.execute("UPDATE tickets SET status = 'notified', notified_at = now()")
    assert client.post("/tickets", json=TICKET, headers=headers).json() == {"id": first["id"], "status": "notified"}


def test_concurrent_posts_with_one_key_make_one_ticket(
    client: httpx.Client, database: TestDatabase, receiver: Receiver
) -> None:
    def post(_: int) -> httpx.Response:
        return client.post("/tickets", json=TICKET, headers={"Idempotency-Key": "1"})

    with ThreadPoolExecutor(4) as executor:
        answers = list(executor.map(post, range(12)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    eventually(lambda: database.rows("SELECT status, attempts FROM tickets") == [("notified", 1)])
    # The relay lets go of the event once the broker has confirmed it, which may be after it was handled.
    eventually(lambda: not database.rows("SELECT * FROM outbox"))
    assert len(receiver.to(SEND)) == 1


@pytest.mark.parametrize("key", ["", "a" * 256, "two words"])
def test_keys_that_are_refused(client: httpx.Client, database: TestDatabase, key: str) -> None:
    answer = client.post("/tickets", json=TICKET, headers={"Idempotency-Key": key})
    assert list(problem(answer, 422)) == ["Idempotency-Key"]
    assert database.rows("SELECT * FROM tickets") == []


def test_a_ticket_that_is_not_there_is_not_found(client: httpx.Client) -> None:
    assert problem(client.get("/tickets/7f5a1f6e-0d9b-4f3c-9a55-0c5f6f0f7f11"), 404) == {"id": "names no ticket"}
    assert list(problem(client.get("/tickets/5"), 422)) == ["id"]


def test_tickets_are_listed_newest_first_by_pages(client: httpx.Client) -> None:
    posted = [client.post("/tickets", json={**TICKET, "subject": str(n)}).json()["id"] for n in range(5)]
    listed: list[str] = []
    query: dict[str, str | int] = {"limit": 2}
    for expected in (2, 2, 1):
        page = client.get("/tickets", params=query).json()
        listed += [item["id"] for item in page["items"]]
        assert len(page["items"]) == expected
        query["cursor"] = page["next_cursor"] or ""
    assert listed == posted[::-1]
    assert page["next_cursor"] is None


def test_the_list_can_be_narrowed_to_a_status(client: httpx.Client, database: TestDatabase) -> None:
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO tickets (id, subject, description, chat, status, last_error)"
            " SELECT gen_random_uuid(), 's', 'd', '1', status, 'e' FROM unnest(ARRAY['failed', 'received']) AS status"
        )
    found = client.get("/tickets", params={"status": "failed"}).json()["items"]
    assert [item["status"] for item in found] == ["failed"]
    assert found[0]["last_error"] == "e"


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"cursor": "x"}, {"status": "open"}, {"page": 2}])
def test_a_list_that_cannot_be_is_refused(client: httpx.Client, query: dict[str, str | int]) -> None:
    assert list(problem(client.get("/tickets", params=query), 422)) == list(query)


def test_the_document_describes_every_operation_and_its_refusals(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    described = {
        f"{method.upper()} {path}": sorted(operation["responses"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert described == {
        "POST /tickets": ["202", "400", "413", "415", "422", "503"],
        "GET /tickets": ["200", "422", "503"],
        "GET /tickets/{id}": ["200", "404", "422", "503"],
        "GET /health": ["200"],
        "GET /ready": ["200", "503"],
    }
    assert "Problem" in document["components"]["schemas"]
