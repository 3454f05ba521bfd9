"""Reading notifications: one by its id, and page by page."""

from base64 import urlsafe_b64encode
from uuid import UUID, uuid4

import httpx
import pytest

from tests.services.problems import problem
from tests.support.postgres import TestDatabase

STATUSES = ["queued", "sent", "failed"]
CHANNELS = ["email", "sms"]


@pytest.fixture
def ids(database: TestDatabase) -> list[str]:
    """Twelve notifications, newest first. Three were created at the same moment."""
    ids: list[UUID] = []
    with database.connect() as connection:
        for number in range(12):
            status = STATUSES[number % 3]
            ids.append(uuid4())
            connection.execute(
                """
                INSERT INTO notifications
                    (id, channel, recipient, body, status, attempts, last_error, created_at, sent_at)
                VALUES (%s, %s, 'someone', 'World', %s, 1, %s, timestamptz '2026-01-31' + make_interval(mins => %s), %s)
                """,
                (
                    ids[-1],
                    CHANNELS[number % 2],
                    status,
                    "refused" if status == "failed" else None,
                    min(number, 9),
                    "2026-02-01" if status == "sent" else None,
                ),
            )
    return [str(each) for each in [*sorted(ids[9:], reverse=True), *reversed(ids[:9])]]


def listed(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [item["id"] for item in response.json()["items"]]


def test_one_notification(api: httpx.Client) -> None:
    content = {"channel": "email", "recipient": "ada@example.com", "subject": "Hello", "body": "World"}
    location = api.post("/notifications", json=content).headers["location"]
    answer = api.get(location)
    assert answer.status_code == 200
    view = answer.json()
    assert view.pop("created_at") == view.pop("updated_at")
    assert view == {
        "id": location.rpartition("/")[2],
        "channel": "email",
        "recipient": "ada@example.com",
        "subject": "Hello",
        "status": "queued",
        "attempts": 0,
        "last_error": None,
        "sent_at": None,
    }


def test_how_a_notification_fared(api: httpx.Client, ids: list[str]) -> None:
    views = [api.get(f"/notifications/{each}").json() for each in ids]
    failed = next(view for view in views if view["status"] == "failed")
    assert (failed["attempts"], failed["last_error"], failed["sent_at"]) == (1, "refused", None)
    sent = next(view for view in views if view["status"] == "sent")
    assert (sent["last_error"], sent["sent_at"]) == (None, "2026-02-01T00:00:00Z")


def test_an_unknown_notification(api: httpx.Client) -> None:
    assert list(problem(api.get(f"/notifications/{uuid4()}"), 404)) == ["id"]


@pytest.mark.parametrize("given", ["42", "null", "a" * 3000, "%00", "7f5a1f6e-0d9b-4f3c-9a55-0c5f6f0f7f1g"])
def test_an_impossible_id(api: httpx.Client, given: str) -> None:
    assert list(problem(api.get(f"/notifications/{given}"), 422)) == ["id"]


def test_the_list_is_newest_first(api: httpx.Client, ids: list[str]) -> None:
    assert listed(api.get("/notifications")) == ids
    assert api.get("/notifications").json()["next_cursor"] is None


@pytest.mark.parametrize("limit", [1, 2, 5, 11, 12, 100])
def test_pages_make_up_the_whole_list(api: httpx.Client, ids: list[str], limit: int) -> None:
    found: list[str] = []
    query: dict[str, str | int] = {"limit": limit}
    for _ in range(len(ids)):
        answer = api.get("/notifications", params=query)
        page = listed(answer)
        assert 0 < len(page) <= limit
        found += page
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            break
        query["cursor"] = cursor
    assert found == ids


def test_what_arrives_while_paging_does_not_shift_the_pages(api: httpx.Client, ids: list[str]) -> None:
    first = api.get("/notifications", params={"limit": 4}).json()
    api.post("/notifications", json={"channel": "sms", "recipient": "+14155550123", "body": "World"})
    assert listed(api.get("/notifications", params={"limit": 4, "cursor": first["next_cursor"]})) == ids[4:8]


@pytest.mark.parametrize(
    "query", [{"status": "failed"}, {"channel": "sms"}, {"status": "sent", "channel": "email"}, {"status": "queued"}]
)
def test_filters(api: httpx.Client, ids: list[str], query: dict[str, str]) -> None:
    everything = {item["id"]: item for item in api.get("/notifications").json()["items"]}
    expected = [each for each in ids if all(everything[each][field] == value for field, value in query.items())]
    assert 0 < len(expected) < len(ids)
    assert listed(api.get("/notifications", params=query)) == expected
    first = api.get("/notifications", params={**query, "limit": 1}).json()
    rest = api.get("/notifications", params={**query, "cursor": first["next_cursor"]})
    assert [item["id"] for item in first["items"]] + listed(rest) == expected


def test_filters_that_are_left_empty_do_not_filter(api: httpx.Client, ids: list[str]) -> None:
    assert listed(api.get("/notifications?status=&channel=&limit=&cursor=")) == ids


def test_an_empty_list(api: httpx.Client) -> None:
    assert api.get("/notifications").json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=done", "status"),
        ("channel=fax", "channel"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=1.5", "limit"),
        ("staus=failed", "staus"),
    ],
)
def test_parameters_that_are_refused(api: httpx.Client, query: str, field: str) -> None:
    assert list(problem(api.get(f"/notifications?{query}"), 422)) == [field]


def encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%00",
        "é",
        "AAAA",
        encoded("2026-01-31T00:00:00+00:00"),
        encoded("2026-01-31T00:00:00+00:00 42"),
        encoded("2026-01-31T00:00:00 7f5a1f6e-0d9b-4f3c-9a55-0c5f6f0f7f11"),
        encoded("yesterday 7f5a1f6e-0d9b-4f3c-9a55-0c5f6f0f7f11"),
        encoded("2026-01-31T00:00:00+00:00 7f5a1f6e-0d9b-4f3c-9a55-0c5f6f0f7f11 more"),
        encoded("2026-01-31T00:00+00:00 7f5a1f6e-0d9b-4f3c-9a55-0c5f6f0f7f11"),
        encoded("2026-01-31T00:00:00+00:00 7F5A1F6E-0D9B-4F3C-9A55-0C5F6F0F7F11"),
        encoded("' OR 1=1 -- 7f5a1f6e-0d9b-4f3c-9a55-0c5f6f0f7f11"),
    ],
)
def test_a_cursor_that_was_tampered_with_is_refused(api: httpx.Client, cursor: str) -> None:
    assert list(problem(api.get(f"/notifications?cursor={cursor}"), 422)) == ["cursor"]


def test_a_genuine_cursor_with_a_changed_character_is_refused_or_is_another_position(
    api: httpx.Client, ids: list[str]
) -> None:
    cursor = api.get("/notifications", params={"limit": 3}).json()["next_cursor"]
    for position in range(len(cursor)):
        changed = cursor[:position] + ("A" if cursor[position] != "A" else "B") + cursor[position + 1 :]
        answer = api.get("/notifications", params={"cursor": changed})
        assert answer.status_code in (200, 422)
        if answer.status_code == 200:
            assert listed(answer) == [each for each in ids if each in listed(answer)]
