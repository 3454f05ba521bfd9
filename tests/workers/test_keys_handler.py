"""The function for API keys as an operator calls it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from services.identity import key_store
from services.identity.api_keys import ApiKey
from tests.support.emulator import Aws
from tests.support.lambda_context import Context
from tests.support.postgres import TestDatabase
from tests.workers.conftest import use_database
from workers.keys import handler as function


@pytest.fixture(autouse=True)
def fresh_environment(environment: pytest.MonkeyPatch, database: TestDatabase, aws: Aws) -> Iterator[None]:
    """An execution environment of the function that has not been called yet."""
    credentials = {"username": "keys_1", "password": database.server.password}
    use_database(environment, database, aws.secret(credentials))
    function._runtime.cache_clear()
    yield
    function._runtime.cache_clear()


def call(**event: Any) -> dict[str, Any]:
    answer = function.handler(event, Context(60))
    json.dumps(answer)
    return answer


def create(name: str = "shop", **options: Any) -> dict[str, Any]:
    answer = call(action="create", name=name, **options)
    assert "secret" in answer, answer
    return answer


def test_a_key_is_made_shown_once_and_listed_without_its_secret(
    database: TestDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = create()
    key = ApiKey.parsed(answer["secret"])
    assert key is not None
    with database.connect() as connection:
        stored = key_store.find(connection, key.id)
    assert stored is not None
    assert key.has(stored.digest)
    listed = call(action="list")
    assert [each["name"] for each in listed["keys"]] == ["shop"]
    printed = capsys.readouterr()
    assert key.secret not in json.dumps(listed) + printed.out + printed.err
    assert key.id in printed.out


def test_no_two_secrets_are_alike_and_each_has_256_bits() -> None:
    secrets = {ApiKey.new().secret for _ in range(100)}
    assert len(secrets) == 100
    # 43 characters of 6 bits.
    assert {len(secret) for secret in secrets} == {43}


def test_a_key_in_the_clear_has_no_representation() -> None:
    key = ApiKey.new()
    assert key.secret not in f"{key!r} {key!s} {[key]}"


def test_revoking_is_final_and_may_be_repeated() -> None:
    key = create()["key"]
    first = call(action="revoke", id=key["id"])
    assert first["key"]["revoked_at"]
    assert first["refused_within_seconds"] == 5
    assert call(action="revoke", id=key["id"]) == first
    assert create()["key"]["id"] != key["id"], "the name is free again"


def test_a_key_ends_by_itself() -> None:
    key = create(expires_in_days=30)["key"]
    assert key["expires_at"] > key["created_at"]


def test_a_successor_has_the_owner_of_its_predecessor() -> None:
    first = create()["key"]
    call(action="revoke", id=first["id"])
    assert create("shop-2", successor_of=first["id"])["key"]["owner"] == first["owner"]


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({}, "the event is {}"),
        ({"action": "drop"}, "the event is {'action': 'drop'}"),
        ({"action": "create"}, "name is"),
        ({"action": "create", "name": ""}, "name is ''"),
        ({"action": "create", "name": "x" * 65}, "name is"),
        ({"action": "create", "name": "a\nb"}, "name is"),
        ({"action": "create", "name": "shop\n"}, "name is"),
        ({"action": "create", "name": "shop", "expires_in_days": 0}, "expires_in_days is 0"),
        ({"action": "create", "name": "shop", "expires_in_days": 3651}, "expires_in_days is 3651"),
        ({"action": "create", "name": "shop", "expires_in_days": "1"}, "expires_in_days is '1'"),
        ({"action": "create", "name": "shop", "owner": "key:other"}, "owner is 'key:other'"),
        ({"action": "create", "name": "shop", "successor_of": "0" * 20}, "there is no key of the id"),
        ({"action": "revoke"}, "id is"),
        ({"action": "revoke", "id": "x"}, "id is 'x'"),
        ({"action": "revoke", "id": "0" * 20}, "there is no key of the id"),
    ],
)
def test_a_wrong_event_is_answered_with_what_is_wrong(database: TestDatabase, event: dict[str, Any], told: str) -> None:
    answer = call(**event)
    assert told in answer["error"]
    assert answer["error"].startswith("nothing was done: ")
    assert database.rows("SELECT id FROM api_keys") == []


def test_a_name_is_taken_once() -> None:
    create()
    assert "of the name 'shop' already" in call(action="create", name="shop")["error"]


def test_keys_are_bounded_in_number(database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_store, "MAX_KEYS", 3)
    monkeypatch.setattr(key_store, "_MAX_REVOKED", 2)
    key, *_ = [create(f"key-{number}")["key"] for number in range(3)]
    assert "there are 3 keys already" in call(action="create", name="one-more")["error"]
    for number in range(10):
        call(action="revoke", id=key["id"])
        key = create(f"other-{number}")["key"]
    assert database.rows("SELECT count(*) FILTER (WHERE revoked_at IS NULL), count(*) FROM api_keys") == [(3, 5)]
