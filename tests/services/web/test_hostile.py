"""The pages, sent what attacks."""

import httpx
import pytest

from tests.support.hostile import Asked, left_out, take_no_json, take_sql
from tests.support.postgres import TestDatabase


@pytest.fixture
def requests(client: httpx.Client) -> list[Asked]:
    client.put("/pages/first", json={"title": "First", "body": "Hello"}).raise_for_status()
    return [
        Asked(method="PUT", path="/pages/{slug}", values={"slug": "second"}, body={"title": "Second", "body": "World"}),
        Asked(method="GET", path="/pages/{slug}", values={"slug": "first"}),
        Asked(method="GET", path="/pages", query={"limit": "5", "cursor": "first"}),
    ]


def test_no_field_is_left_out(client: httpx.Client, requests: list[Asked]) -> None:
    assert left_out(client, requests) == set()


def test_sql_in_every_field_is_text(client: httpx.Client, database: TestDatabase, requests: list[Asked]) -> None:
    assert take_sql(client, database, requests) == []


def test_what_is_no_json_is_refused(client: httpx.Client, database: TestDatabase, requests: list[Asked]) -> None:
    assert take_no_json(client, database, requests) == []
