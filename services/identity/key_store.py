"""API keys in PostgreSQL."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from services.identity.api_keys import ApiKey

Database = Connection[Any]
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}$"
MAX_KEYS = 1000
"""Keys that are not revoked, those included that have expired."""
# Of those that are revoked: enough to look up who had one, and no table that grows for ever.
_MAX_REVOKED = 1000
_COLUMNS = "id, name, owner, created_at, expires_at, revoked_at, last_used_at"


class KeyRefusedError(Exception):
    """A key cannot be made, or there is none; the text says why, and what can be done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedKey:
    """A key as operators see it. Times are in UTC; last_used_at is exact to a minute."""

    id: str
    name: str
    owner: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredKey:
    """What is needed to judge a key that was sent. Without its secret: of that there is the digest only."""

    id: str
    owner: str
    digest: bytes
    expires_at: datetime | None
    revoked_at: datetime | None


def create(
    database: Database, name: str, *, expires_in_days: int | None = None, successor_of: str | None = None
) -> tuple[ApiKey, ListedKey]:
    """Stores a new key; the only time that its secret is known.

    successor_of: id of the key whose notifications it is to see as its own, revoked or not.
    Raises KeyRefusedError.
    """
    key = ApiKey.new()
    owner = f"key:{key.id}" if successor_of is None else _find(database, successor_of).owner
    with database.transaction(), database.cursor(row_factory=class_row(ListedKey)) as cursor:
        try:
            made = cursor.execute(
                f"""
                INSERT INTO api_keys (id, name, digest, owner, expires_at)
                SELECT %(id)s, %(name)s, %(digest)s, %(owner)s, now() + make_interval(days => %(days)s)
                WHERE (SELECT count(*) FROM api_keys WHERE revoked_at IS NULL) < %(most)s
                RETURNING {_COLUMNS}
                """,  # noqa: S608  # constant text
                {
                    "id": key.id,
                    "name": name,
                    "digest": key.digest,
                    "owner": owner,
                    "days": expires_in_days,
                    "most": MAX_KEYS,
                },
            ).fetchone()
        except UniqueViolation:
            raise KeyRefusedError(
                f"there is a key of the name {name!r} already: revoke that one first, or take another name"
            ) from None
        if made is None:
            raise KeyRefusedError(f"there are {MAX_KEYS} keys already: revoke one that is not needed")
        cursor.execute(
            """
            DELETE FROM api_keys WHERE id IN (
                SELECT id FROM api_keys WHERE revoked_at IS NOT NULL ORDER BY revoked_at DESC OFFSET %s
            )
            """,
            (_MAX_REVOKED,),
        )
    return key, made


def listed(database: Database) -> list[ListedKey]:
    """All keys there are, the newest first, those included that were revoked."""
    with database.cursor(row_factory=class_row(ListedKey)) as cursor:
        return cursor.execute(f"SELECT {_COLUMNS} FROM api_keys ORDER BY created_at DESC, id").fetchall()  # noqa: S608  # constant text


def revoke(database: Database, key_id: str) -> ListedKey:
    """Ends a key; doing it again changes nothing. Raises KeyRefusedError if there is no such key."""
    database.execute("UPDATE api_keys SET revoked_at = now() WHERE id = %s AND revoked_at IS NULL", (key_id,))
    return _find(database, key_id)


def find(database: Database, key_id: str) -> StoredKey | None:
    """What is stored of a key, be it in force or not."""
    with database.cursor(row_factory=class_row(StoredKey)) as cursor:
        return cursor.execute(
            "SELECT id, owner, digest, expires_at, revoked_at FROM api_keys WHERE id = %s", (key_id,)
        ).fetchone()


def _find(database: Database, key_id: str) -> ListedKey:
    with database.cursor(row_factory=class_row(ListedKey)) as cursor:
        found = cursor.execute(f"SELECT {_COLUMNS} FROM api_keys WHERE id = %s", (key_id,)).fetchone()  # noqa: S608  # constant text
    if found is None:
        raise KeyRefusedError(f"there is no key of the id {key_id!r}: list the keys to see those there are")
    return found
