"""Hostile values in every field of an HTTP service, by a list of requests that it takes.

The list has to have every operation, parameter and field of the service's OpenAPI document: none can be left out.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import httpx
from psycopg import sql

from tests.support.postgres import TestDatabase

MARK = "hunter2"
SQL = (
    f"{MARK}'; DROP TABLE alembic_version CASCADE; --",
    f"{MARK}' OR '1'='1",
    f"{MARK}'); DELETE FROM alembic_version; --",  # noqa: S608  # meant to be one
    f"{MARK}' UNION SELECT version_num FROM alembic_version --",  # noqa: S608  # meant to be one
    f"{MARK}'||(SELECT pg_sleep(9))||'",
    f"{MARK}\\'; SELECT pg_sleep(9); --",
    f"{MARK}%s %(id)s $1 {{0}} :id",
    "1; SELECT pg_sleep(9)",
    "-1 OR 1=1",
)
_SLEEP_SECONDS = 9
# What a service changes by itself, while it delivers and publishes.
_CHANGING = {
    "quantity",
    "status",
    "attempts",
    "last_error",
    "updated_at",
    "sent_at",
    "claimed_by",
    "claimed_until",
    "notified_at",
}
_OWN = {"alembic_version", "outbox"}
_PROBES = {"/health", "/ready"}

Row = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request that a service takes. path: as in its OpenAPI document; `values` fill it."""

    method: str
    path: str
    values: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None

    @property
    def operation(self) -> str:
        """As the document has it."""
        return f"{self.method} {self.path}"

    def sent(self, client: httpx.Client, content: bytes | None = None) -> httpx.Response:
        """The answer; content: what is sent instead of the body."""
        path = self.path
        for name, value in self.values.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        raw = content if content is not None or self.body is None else json.dumps(self.body).encode()
        headers = {**self.headers, **({} if raw is None else {"Content-Type": "application/json"})}
        return client.request(self.method, path, params=dict(self.query), headers=headers, content=raw)

    def with_each_field(self, value: str) -> Iterator[tuple[str, "Asked"]]:
        """The request with the value in one field after the other, and which one it is."""
        for name in self.values:
            yield f"{self.operation} {name}", replace(self, values={**self.values, name: value})
        for name in self.query:
            yield f"{self.operation} {name}", replace(self, query={**self.query, name: value})
        for name in self.headers:
            sent = f"Bearer {value}" if name == "Authorization" else value
            yield f"{self.operation} {name}", replace(self, headers={**self.headers, name: sent})
        for name, present in (self.body or {}).items():
            yield f"{self.operation} {name}", replace(self, body={**(self.body or {}), name: value})
            if isinstance(present, dict):
                for inner in present:
                    nested = {**present, inner: value}
                    yield f"{self.operation} {name}.{inner}", replace(self, body={**(self.body or {}), name: nested})


def left_out(client: httpx.Client, requests: Sequence[Asked]) -> set[str]:
    """Operations, parameters and fields of the document that no request has."""
    document = client.get("/openapi.json").json()
    wanted, asked = set(), set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if path in _PROBES:
                continue
            name = f"{method.upper()} {path}"
            wanted |= {name} | {f"{name} {each['name']}" for each in operation.get("parameters", ())}
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            reference = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            properties = document["components"]["schemas"][reference]["properties"] if reference else {}
            wanted |= {f"{name} {each}" for each in properties}
    for request in requests:
        names = (*request.values, *request.query, *request.headers, *(request.body or {}))
        asked |= {request.operation} | {f"{request.operation} {each}" for each in names}
    return wanted - asked


def stored(database: TestDatabase) -> dict[str, set[Row]]:
    """Every row of every table, without what a service changes by itself."""
    found: dict[str, set[Row]] = {}
    with database.connect() as connection:
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        names = [name for (name,) in connection.execute(tables) if name not in _OWN]
        for name in names:
            cursor = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(name)))
            columns = [column.name for column in cursor.description or ()]
            found[name] = {
                tuple(
                    (column, str(value)) for column, value in zip(columns, row, strict=True) if column not in _CHANGING
                )
                for row in cursor
            }
    return found


def structure(database: TestDatabase) -> list[tuple[Any, ...]]:
    """Every column of every table, and the version of the schema."""
    columns = "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
    return [*sorted(database.rows(columns)), *database.rows("SELECT version_num FROM alembic_version")]


def take_sql(client: httpx.Client, database: TestDatabase, requests: Sequence[Asked]) -> list[str]:
    """What is wrong, once SQL was sent in every field; also asserts that nothing but whole rows was added."""
    before, shape = stored(database), structure(database)
    assert any(before.values()), "nothing is there that an attack could change"
    complaints: list[str] = []
    accepted = 0
    for value in SQL:
        for request in requests:
            for where, hostile in request.with_each_field(value):
                started = time.monotonic()
                answer = hostile.sent(client)
                complaints += _complaints(answer, f"{where} = {value!r}")
                if time.monotonic() - started >= _SLEEP_SECONDS:
                    complaints.append(f"{where} = {value!r}: was executed")
                accepted += answer.status_code in (201, 202)
    assert structure(database) == shape
    after = stored(database)
    for table, rows in before.items():
        assert rows <= after[table], f"rows of {table} have changed"
    # In one table an accepted request is a row, and in no table more than that.
    added = {table: len(rows - before[table]) for table, rows in after.items()}
    assert max(added.values()) <= accepted, added
    return complaints


def take_no_json(client: httpx.Client, database: TestDatabase, requests: Sequence[Asked]) -> list[str]:
    """What is wrong, once every operation with a body was sent what is no JSON, or too much: it must leave nothing."""
    before = stored(database)
    complaints: list[str] = []
    for request in requests:
        if request.body is None:
            continue
        for name, content in _no_json(request.body):
            answer = request.sent(client, content)
            where = f"{request.operation} {name}"
            complaints += _complaints(answer, where)
            if not 400 <= answer.status_code < 500:
                complaints.append(f"{where}: answered {answer.status_code}")
    if stored(database) != before:
        complaints.append("what was refused has left something behind")
    return complaints


def _no_json(body: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Bodies that are none, by name; those about a field once for each."""
    whole = json.dumps({**body, "mark": MARK})
    yield "in UTF-16", whole.encode("utf-16")
    yield "in UTF-32", whole.encode("utf-32")
    yield "cut off", whole[:-1].encode()
    yield "twice", (whole + whole).encode()
    yield "empty", b""
    yield "no object", f'["{MARK}"]'.encode()
    yield "a comment", f"{whole[:-1]} /* {MARK} */}}".encode()
    yield "a NUL behind", whole.encode() + b"\0"
    yield "deeply nested", b"[" * 100_000
    yield "nested objects", b'{"a":' * 100_000
    yield "oversized", json.dumps({**body, "padding": "x" * 2 * 1024 * 1024}).encode()
    yield "many fields", json.dumps({**body, **{f"f{number}": MARK for number in range(5000)}}).encode()
    for name in body:
        for kind, value in (
            ("NUL", rf'"{MARK}\u0000"'),
            ("lone surrogate", rf'"{MARK}\ud800"'),
            ("reversed surrogates", rf'"{MARK}\udc00\ud800"'),
            ("NaN", "NaN"),
            ("Infinity", "Infinity"),
            ("-Infinity", "-Infinity"),
            ("nested", "[" * 50_000 + "]" * 50_000),
            ("escape", rf'"{MARK}\x"'),
            ("control character", f'"{MARK}\x01"'),
        ):
            others = json.dumps({key: each for key, each in body.items() if key != name})[:-1]
            separator = ", " if len(body) > 1 else ""
            yield f"{kind} in {name}", f'{others}{separator}"{name}": {value}}}'.encode()
        raw = json.dumps({**body, name: f"{MARK}@@"}).encode()
        for kind, octets in (("no UTF-8", b"\xff\xfe"), ("overlong", b"\xc0\x80"), ("surrogate", b"\xed\xa0\x80")):
            yield f"{kind} in {name}", raw.replace(b"@@", octets)


def _complaints(answer: httpx.Response, where: str) -> Iterator[str]:
    if answer.status_code >= 500:
        yield f"{where}: answered {answer.status_code}: {answer.text[:200]}"
    if answer.status_code >= 400:
        if answer.headers.get("content-type") != "application/problem+json":
            yield f"{where}: {answer.status_code} is no problem document"
        if MARK in answer.text:
            yield f"{where}: {answer.status_code} repeats what was sent: {answer.text[:200]}"
