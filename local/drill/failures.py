"""The failures that can be rehearsed here, each with what AWS offers against it."""

import json
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psutil
import psycopg
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from psycopg import sql

from local.cloud import client_options, session
from local.drill.databases import Account, Database
from local.drill.point_in_time import RECOVERY_BOUND_SECONDS, eventually, restored_copy
from local.drill.results import Result, losses
from local.drill.writer import delete_all, numbers, writing
from local.errors import LocalError
from local.processes import marked
from local.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

INSTANCE = "instance killed"
DELETION = "rows deleted by accident"
DUMP = "restore from the logical dump"

# Rows to lose, and to find again.
_WRITING_SECONDS = 3.0
_FUNCTION_SECONDS = 900


def kill_instance(settings: Settings, database: Database) -> Result:
    """Kills the server's process without warning, and waits until it takes and shows rows again.

    Raises:
        LocalError: its process is not found.
    """
    server = _server_process(settings, database)
    with writing(database) as writer:
        _write_for_a_while(lambda: len(writer.rows))
        processes = [server, *server.children(recursive=True)]
        failed_at = time.time()
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, timeout=5)
        # Later than the last that one of them can have confirmed.
        first = writer.wait_for_row(after=time.time(), bound_seconds=RECOVERY_BOUND_SECONDS)
    present: set[int] = set()
    if first is not None:
        with database.connect() as connection:
            present = numbers(connection)
    found = losses(writer.rows, present, failed_at=failed_at)
    return Result(
        database=database,
        failure=INSTANCE,
        computed_as="loss of the instance",
        rto_seconds=None if first is None else first.confirmed - failed_at,
        rpo_seconds=found.seconds,
        confirmed_rows=found.confirmed,
        lost_rows=found.lost,
    )


def delete_rows(account: Account, database: Database) -> Result:
    """Deletes every row of the drill, and restores the database to the moment before.

    Raises:
        LocalError: RDS refuses, or the restored database does not come up.
    """
    with writing(database) as writer:
        _write_for_a_while(lambda: len(writer.rows))
        with database.connect() as connection:
            # Everything confirmed by now is committed before the server's moment.
            failed_at = time.time()
            (moment,) = connection.execute("SELECT clock_timestamp()").fetchone()
            delete_all(connection)
        confirmed = writer.rows
    with restored_copy(account, database, moment.astimezone(UTC)) as (host, port):
        present = eventually(lambda: _rows_of(database, host, port), f"the restored copy of {database.label}")
        recovered_at = time.time()
    found = losses(confirmed, present, failed_at=failed_at)
    return Result(
        database=database,
        failure=DELETION,
        computed_as="accidental delete",
        rto_seconds=recovered_at - failed_at,
        rpo_seconds=found.seconds,
        confirmed_rows=found.confirmed,
        lost_rows=found.lost,
    )


def restore_dump(settings: Settings, database: Database) -> Result:
    """Makes a logical dump, and restores it into a database of the drill's own, as if the other were gone.

    Raises:
        LocalError: the function fails.
    """
    assert database.dump_function is not None  # noqa: S101 - the caller has looked
    options = client_options(settings)
    options["config"] = Config(read_timeout=_FUNCTION_SECONDS, retries={"total_max_attempts": 1})
    functions = session(settings).client("lambda", **options)
    dumped = _invoke(functions, database.dump_function, {"action": "dump"})
    name = f"restore_drill_{secrets.token_hex(4)}"
    failed_at = time.time()
    restored = _invoke(functions, database.dump_function, {"action": "restore", "key": dumped["key"], "into": name})
    try:
        with database.connect(name=name) as connection:
            found = _count_rows(connection)
        recovered_at = time.time()
    finally:
        with database.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    taken_at = datetime.fromisoformat(restored["taken_at"]).timestamp()
    return Result(
        database=database,
        failure=DUMP,
        computed_as=None,
        rto_seconds=recovered_at - failed_at,
        rpo_seconds=failed_at - taken_at,
        confirmed_rows=int(dumped["rows"]),
        lost_rows=max(int(dumped["rows"]) - found, 0),
        judged_rpo=False,
        note="its RPO is not judged: what it restores is as old as the newest dump, by the schedule of the dumps",
    )


def _write_for_a_while(count: Callable[[], int]) -> None:
    time.sleep(_WRITING_SECONDS)
    if not count():
        raise LocalError("no row could be written: the database does not take any; type: make status")


def _server_process(settings: Settings, database: Database) -> psutil.Process:
    for process in marked(settings):
        with suppress(psutil.Error):
            arguments = process.cmdline()
            if "postgres" in process.name() and "-p" in arguments:
                port = arguments[arguments.index("-p") + 1]
                if port == str(database.port):
                    return process
    raise LocalError(f"the server of {database.label} on port {database.port} is not among this cloud's processes")


def _rows_of(database: Database, host: str, port: int) -> set[int] | None:
    with suppress(psycopg.OperationalError), database.connect(host=host, port=port) as connection:
        return numbers(connection)
    return None


def _count_rows(connection: Any) -> int:
    """Rows of all tables, the record of migrations aside."""
    query = (
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT relispartition AND relname <> 'alembic_version'"
    )
    total = 0
    for (name,) in connection.execute(query).fetchall():
        (count,) = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
        total += count
    return total


def _invoke(functions: "LambdaClient", name: str, event: dict[str, str]) -> dict[str, Any]:
    try:
        answer = functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        content: Any = json.loads(answer["Payload"].read())
    except (BotoCoreError, ClientError, ValueError) as error:
        raise LocalError(f"function {name} could not be invoked with {event}: {error}") from error
    if answer.get("FunctionError"):
        raise LocalError(f"function {name} failed with {event}: {content}; type: make logs NAME={name}")
    return dict(content)
