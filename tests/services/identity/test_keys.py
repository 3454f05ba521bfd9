"""The API by API keys: who is let in, and as whom."""

import json
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import httpx
import pytest
from psycopg import OperationalError

from services.identity import key_store
from services.identity.api_keys import ApiKey
from services.identity.known_keys import KNOWN_SECONDS, KeyInvalidError, KnownKeys
from tests.services.identity.conftest import NewKey, Serve
from tests.services.problems import problem
from tests.support.eventually import eventually
from tests.support.postgres import TestDatabase

SMS = {"channel": "sms", "recipient": "+14155550123", "body": "World"}
GUARDED = [
    ("POST", "/notifications"),
    ("GET", "/notifications"),
    ("GET", "/notifications/7f5a1f6e-0d9b-4f3c-9a55-0c5f6f0f7f11"),
    ("GET", "/notifications/nonsense"),
    ("POST", "/notifications/replay"),
    ("POST", "/notifications/7f5a1f6e-0d9b-4f3c-9a55-0c5f6f0f7f11/replay"),
]


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def refused(answer: httpx.Response) -> str:
    """What a refusal says, once it is seen to be one."""
    problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith('Bearer realm="api"')
    return str(answer.json()["detail"])


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_without_a_key_nothing_is_done_and_nothing_is_told(
    guarded: httpx.Client, database: TestDatabase, method: str, path: str
) -> None:
    answer = guarded.request(method, path, json=SMS if method == "POST" else None)
    assert "Authorization: Bearer" in refused(answer)
    assert "error" not in answer.headers["www-authenticate"]
    assert database.rows("SELECT id FROM notifications") == []


def test_every_operation_is_guarded(guarded: httpx.Client) -> None:
    paths = guarded.get("/openapi.json").json()["paths"]
    asked = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    open_ones = {("GET", "/health"), ("GET", "/ready")}
    assert {guarded.request(method, path.replace("{id}", "x")).status_code for method, path in asked - open_ones} == {
        401
    }
    assert {guarded.request(method, path).status_code for method, path in open_ones} == {200}
    assert len(asked - open_ones) == len(GUARDED) - 1


def test_who_is_refused_is_not_listened_to(guarded: httpx.Client) -> None:
    """A body of any size or kind makes no difference: it is not read."""
    refused(guarded.post("/notifications", content=b"\xff" * 3_000_000, headers={"Content-Type": "text/plain"}))


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key", "x-api-key"])
def test_a_key_is_taken_by_either_header(guarded: httpx.Client, new_key: NewKey, header: str) -> None:
    key, _ = new_key()
    sent = {header: f"Bearer {key}" if header == "Authorization" else key}
    assert guarded.post("/notifications", json=SMS, headers=sent).status_code == 202


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_the_scheme_is_taken_in_any_case(guarded: httpx.Client, new_key: NewKey, scheme: str) -> None:
    assert guarded.get("/notifications", headers={"Authorization": f"{scheme} {new_key()[0]}"}).status_code == 200


def _flipped(key: str) -> str:
    return key[:-2] + ("A" if key[-2] != "A" else "B") + key[-1]


@pytest.mark.parametrize(
    "change",
    [
        _flipped,
        lambda key: key[:-1],
        lambda key: key + "x",
        lambda key: key.upper(),
        lambda key: f"gw_{'0' * 20}_{key.split('_', 2)[2]}",
        lambda _: "gw_",
        lambda _: "gw_x_y",
        lambda _: "x" * 5000,
        lambda _: "' OR 1=1 --",
        lambda key: f"{key}\t{key}",
    ],
)
@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_another_secret_is_refused(guarded: httpx.Client, new_key: NewKey, header: str, change: Any) -> None:
    sent = change(new_key()[0])
    answer = guarded.get("/notifications", headers={header: f"Bearer {sent}" if header == "Authorization" else sent})
    assert refused(answer) == "the API key is not known"
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_two_proofs_are_one_too_many(guarded: httpx.Client, new_key: NewKey) -> None:
    key, _ = new_key()
    other, _ = new_key("other")
    assert "once" in refused(guarded.get("/notifications", headers={**bearer(key), "X-API-Key": other}))
    twice = [("X-API-Key", key), ("X-API-Key", other)]
    assert "once" in refused(guarded.get("/notifications", headers=twice))


@pytest.mark.parametrize("sent", ["Basic Z3c6Z3c=", "Bearer", "Token x", "gw_x"])
def test_another_scheme_is_refused(guarded: httpx.Client, sent: str) -> None:
    refused(guarded.get("/notifications", headers={"Authorization": sent}))


def test_a_revoked_key_is_refused_within_seconds_by_every_task(
    serve: Serve, new_key: NewKey, database: TestDatabase
) -> None:
    key, key_id = new_key()
    with serve() as one, serve() as other:
        for task in (one, other):
            assert task.get("/notifications", headers=bearer(key)).status_code == 200
        with database.connect() as connection:
            key_store.revoke(connection, key_id)
        eventually(
            lambda: all(task.get("/notifications", headers=bearer(key)).status_code == 401 for task in (one, other))
        )
        assert refused(one.get("/notifications", headers=bearer(key))) == "the API key was revoked"
        # Of whoever has not got its secret, it is not told.
        assert refused(one.get("/notifications", headers=bearer(_flipped(key)))) == "the API key is not known"


def test_a_key_is_known_for_no_longer_than_it_is_said(new_key: NewKey, database: TestDatabase) -> None:
    assert KNOWN_SECONDS <= 5, "docs/authentication.md says so"
    text, key_id = new_key()
    key = ApiKey.parsed(text)
    assert key is not None
    now = 1000.0
    with database.connect() as connection:
        keys = KnownKeys(lambda: nullcontext(connection), clock=lambda: now)
        assert keys.principal(key).key_id == key_id
        key_store.revoke(connection, key_id)
        now += KNOWN_SECONDS
        with pytest.raises(KeyInvalidError, match="revoked"):
            keys.principal(key)


def test_an_expired_key_is_refused(guarded: httpx.Client, new_key: NewKey, database: TestDatabase) -> None:
    key, _ = new_key(expires_in_days=1)
    assert guarded.get("/notifications", headers=bearer(key)).status_code == 200
    other, other_id = new_key("other", expires_in_days=1)
    with database.connect() as connection:
        connection.execute(
            "UPDATE api_keys SET expires_at = now() - %s WHERE id = %s", (timedelta(seconds=1), other_id)
        )
    assert refused(guarded.get("/notifications", headers=bearer(other))) == "the API key has expired"


def test_the_secret_is_stored_nowhere(new_key: NewKey, database: TestDatabase) -> None:
    key, key_id = new_key()
    [row] = database.rows("SELECT row_to_json(api_keys)::text FROM api_keys")
    assert key_id in row[0]
    assert key.split("_", 2)[2] not in row[0]


def test_a_key_is_looked_up_once_in_a_while(guarded: httpx.Client, new_key: NewKey, database: TestDatabase) -> None:
    key, key_id = new_key()
    assert guarded.get("/notifications", headers=bearer(key)).status_code == 200
    with database.connect() as connection:
        connection.execute("DELETE FROM api_keys WHERE id = %s", (key_id,))
    assert guarded.get("/notifications", headers=bearer(key)).status_code == 200


def test_when_it_was_last_used_is_noted(guarded: httpx.Client, new_key: NewKey, database: TestDatabase) -> None:
    key, _ = new_key()
    new_key("idle")
    guarded.get("/notifications", headers=bearer(key))
    rows = database.rows("SELECT name, last_used_at >= now() - interval '61 s' FROM api_keys ORDER BY name")
    assert rows == [("idle", None), ("shop", True)]


def test_keys_reach_neither_logs_nor_answers(
    guarded: httpx.Client, new_key: NewKey, capsys: pytest.CaptureFixture[str]
) -> None:
    key, _ = new_key()
    secret = key.split("_", 2)[2]
    answers = [
        guarded.get("/notifications", headers=bearer(key)),
        guarded.get("/notifications", headers=bearer(_flipped(key))),
        guarded.post("/notifications", json={"body": 1}, headers={"X-API-Key": key}),
    ]
    told = "".join(answer.text + json.dumps(dict(answer.headers)) for answer in answers)
    printed = capsys.readouterr()
    assert secret[:30] not in told + printed.out + printed.err


def test_while_the_database_is_away_it_is_503(
    guarded: httpx.Client, new_key: NewKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("away")

    key, _ = new_key()
    monkeypatch.setattr(key_store, "find", away)
    answer = guarded.get("/notifications", headers=bearer(key))
    problem(answer, 503)
    assert answer.headers["retry-after"]


def test_without_rules_everybody_is_let_in(api: httpx.Client) -> None:
    assert api.post("/notifications", json=SMS).status_code == 202
    assert len(api.get("/notifications").json()["items"]) == 1
    assert "security" not in json.dumps(api.get("/openapi.json").json()["paths"])
