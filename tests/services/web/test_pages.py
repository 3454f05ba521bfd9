"""Pages over HTTP."""

from typing import Any

import httpx
import pytest

from services.web.schemas import MAX_BODY_BYTES
from tests.services.problems import problem
from tests.support.postgres import PostgresServer, TestDatabase

PAGE = {"title": "Opening hours", "body": "Nine to five.\n"}


def test_a_page_is_written_and_read(client: httpx.Client) -> None:
    written = client.put("/pages/opening-hours", json=PAGE)
    assert written.status_code == 201
    assert written.headers["location"] == "/pages/opening-hours"
    page = written.json()
    assert page | PAGE == page
    assert (page["slug"], page["version"]) == ("opening-hours", 1)
    assert client.get("/pages/opening-hours").json() == page


def test_writing_again_replaces_it(client: httpx.Client) -> None:
    first = client.put("/pages/a", json=PAGE).json()
    again = client.put("/pages/a", json={"title": "Closed", "body": ""})
    assert again.status_code == 200
    assert "location" not in again.headers
    page = client.get("/pages/a").json()
    assert page == again.json()
    assert (page["title"], page["body"], page["version"]) == ("Closed", "", 2)
    assert page["created_at"] == first["created_at"]
    assert page["updated_at"] > first["updated_at"]


@pytest.mark.parametrize(
    ("slug", "said"),
    [
        ("Opening", "should match pattern"),
        ("a--b", "should match pattern"),
        ("-a", "should match pattern"),
        ("a-", "should match pattern"),
        ("ä", "should match pattern"),
        ("a" * 101, "at most 100"),
        ("health", "is reserved"),
    ],
)
def test_what_is_no_slug_is_refused(client: httpx.Client, database: TestDatabase, slug: str, said: str) -> None:
    faults = problem(client.put(f"/pages/{slug}", json=PAGE), 422)
    assert list(faults) == ["slug"]
    assert said in faults["slug"]
    assert database.rows("SELECT * FROM pages") == []


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"title": " "}, "title", "at least 1 character"),
        ({"title": "a" * 257}, "title", "at most 256"),
        ({"title": "two\nlines"}, "title", "must be one line"),
        ({"title": "nul\0"}, "title", "U+0000"),
        ({"body": "nul\0"}, "body", "U+0000"),
        ({"body": "ä" * (MAX_BODY_BYTES // 2 + 1)}, "body", f"at most {MAX_BODY_BYTES}"),
        ({"author": "ada"}, "author", "not permitted"),
    ],
)
def test_what_is_no_page_is_refused_by_field(
    client: httpx.Client, database: TestDatabase, changes: dict[str, Any], field: str, said: str
) -> None:
    faults = problem(client.put("/pages/a", json={**PAGE, **changes}), 422)
    assert list(faults) == [field]
    assert said in faults[field]
    assert database.rows("SELECT * FROM pages") == []


def test_the_longest_page_fits(client: httpx.Client) -> None:
    # Sent with each character escaped as six.
    body = "\t" * MAX_BODY_BYTES
    content = '{"title": "t", "body": "' + "\\u0009" * MAX_BODY_BYTES + '"}'
    client.put("/pages/a", content=content, headers={"content-type": "application/json"}).raise_for_status()
    assert client.get("/pages/a").json()["body"] == body


def test_a_page_that_is_not_there_is_not_found(client: httpx.Client) -> None:
    assert problem(client.get("/pages/nowhere"), 404) == {"slug": "names no page"}


def test_pages_are_listed_by_their_slug(client: httpx.Client) -> None:
    for slug in ("b", "a-1", "c", "a", "a1"):
        client.put(f"/pages/{slug}", json=PAGE).raise_for_status()
    listed: list[str] = []
    query: dict[str, str | int] = {"limit": 2}
    for expected in (2, 2, 1):
        page = client.get("/pages", params=query).json()
        listed += [item["slug"] for item in page["items"]]
        assert len(page["items"]) == expected
        assert "body" not in page["items"][0]
        query["cursor"] = page["next_cursor"] or ""
    assert listed == ["a", "a-1", "a1", "b", "c"]
    assert page["next_cursor"] is None


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"cursor": "A"}, {"page": 2}])
def test_a_list_that_cannot_be_is_refused(client: httpx.Client, query: dict[str, str | int]) -> None:
    assert list(problem(client.get("/pages", params=query), 422)) == list(query)


@pytest.mark.usefixtures("prompt_pools")
def test_without_its_database_it_says_so(client: httpx.Client, postgres: PostgresServer) -> None:
    postgres.stop()
    try:
        for response in (client.put("/pages/a", json=PAGE), client.get("/pages"), client.get("/ready")):
            assert list(problem(response, 503)) == ["database"]
        assert client.get("/health").json() == {"status": "ok"}
    finally:
        postgres.start()


def test_the_document_describes_every_operation_and_its_refusals(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    described = {
        f"{method.upper()} {path}": sorted(operation["responses"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert described == {
        "PUT /pages/{slug}": ["200", "201", "400", "413", "415", "422", "503"],
        "GET /pages": ["200", "422", "503"],
        "GET /pages/{slug}": ["200", "404", "422", "503"],
        "GET /health": ["200"],
        "GET /ready": ["200", "503"],
    }
