"""Pages in PostgreSQL: every SQL statement of the service."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

Database = Connection[Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """A page without its body. version: how often it was written. Times are in UTC."""

    slug: str
    title: str
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Summary):
    """A stored page."""

    body: str


_COLUMNS = "slug, title, version, created_at, updated_at"


def put(database: Database, slug: str, *, title: str, body: str) -> Page:
    """Stores a page, in place of the one with this slug if there is one. Version 1 is new."""
    with database.cursor(row_factory=class_row(Page)) as cursor:
        stored = cursor.execute(
            f"""
            INSERT INTO pages AS stored (slug, title, body) VALUES (%s, %s, %s)
            ON CONFLICT (slug) DO UPDATE SET
                title = EXCLUDED.title, body = EXCLUDED.body, version = stored.version + 1, updated_at = now()
            RETURNING {_COLUMNS}, body
            """,  # noqa: S608  # constant text
            (slug, title, body),
        ).fetchone()
    assert stored is not None  # noqa: S101  # either way, there is a row now
    return stored


def find(database: Database, slug: str) -> Page | None:
    """One page."""
    with database.cursor(row_factory=class_row(Page)) as cursor:
        return cursor.execute(
            f"SELECT {_COLUMNS}, body FROM pages WHERE slug = %s",  # noqa: S608  # constant text
            (slug,),
        ).fetchone()


def page(database: Database, *, limit: int, after: str | None = None) -> list[Summary]:
    """Up to `limit` pages by their slug, behind the one given."""
    with database.cursor(row_factory=class_row(Summary)) as cursor:
        return cursor.execute(
            f"SELECT {_COLUMNS} FROM pages WHERE slug > %s ORDER BY slug LIMIT %s",  # noqa: S608  # constant text
            (after or "", limit),
        ).fetchall()
