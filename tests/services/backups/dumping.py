"""Dumps, and what comes back of them."""

from typing import Any

from services.backups import dump
from services.backups.bucket import DumpBucket
from services.backups.budget import Budget
from services.backups.dump import Written
from services.backups.load import compare, load
from services.backups.manifest import Manifest
from services.backups.session import Sessions

EVERY_ROW = """
    SELECT 'authors', to_jsonb(a) FROM authors a UNION ALL SELECT 'books', to_jsonb(b) FROM books b
    UNION ALL SELECT 'odd', to_jsonb(o) FROM "Odd ""name"" %" o UNION ALL SELECT 'visits', to_jsonb(v) FROM visits v
"""


def write(sessions: Sessions, bucket: DumpBucket, budget: Budget) -> Written:
    with sessions.opened(budget) as connection:
        return dump.write(connection, bucket, database="shop", migrations="everything", budget=budget)


def restore(sessions: Sessions, written: Written, database: str, manifest: Manifest | None = None) -> None:
    budget = Budget(60)
    with sessions.opened(budget, database) as connection:
        load(connection, written.stored, manifest or written.manifest, budget)
        compare(connection, manifest or written.manifest, budget)


def in_order(rows: list[tuple[Any, ...]]) -> list[str]:
    return sorted(map(str, rows))
