"""What happens to a database: it is stopped, fails over, turns read-only, loses its answers, changes its passwords."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from psycopg.pq import PGconn, Ping

from local.ports import LOOPBACK
from local.processes import marked
from tests.faults.stage import Stage
from tests.support.eventually import eventually

_BOUND_SECONDS = 60
_REWRITING = threading.Lock()
# How long commits are held before their connections are cut: some requests each time.
_HELD_SECONDS = 0.7


def stop_for(stage: Stage, seconds: float) -> None:
    """Stop the cluster, and start it again."""
    rds = stage.cloud.client("rds")
    identifier = stage.cloud.cluster()["DBClusterIdentifier"]
    rds.stop_db_cluster(DBClusterIdentifier=identifier)
    try:
        time.sleep(seconds)
    finally:
        rds.start_db_cluster(DBClusterIdentifier=identifier)


def fail_over(stage: Stage) -> None:
    """Restart the writer, as a cluster without reader fails over: connections end, for a moment none is to be had."""
    (writer,) = (each for each in stage.cloud.cluster()["DBClusterMembers"] if each["IsClusterWriter"])
    stage.cloud.client("rds").reboot_db_instance(DBInstanceIdentifier=writer["DBInstanceIdentifier"])


def end_connections(stage: Stage, *, only_idle: bool = False) -> int:
    """End the system's connections, whatever they are at (57P01); returns how many those were."""
    with stage.connect() as connection:
        ended = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) AS ended FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND (state = 'idle' OR NOT %s)",
            (only_idle,),
        ).fetchone()
    return int(ended["ended"]) if ended else 0


def read_only_for(stage: Stage, seconds: float) -> None:
    """Every transaction is read-only (25006), as on a server that has become a reader."""
    with _configured(stage, "default_transaction_read_only = on"):
        time.sleep(seconds)


def lose_answers_to_commits(stage: Stage) -> int:
    """Apply the commits of a moment and cut their connections before the answer; returns how many those were.

    PostgreSQL's own way: with a standby that it has to wait for and that does not exist, a transaction is committed
    and its session waits; ended then, it tells nobody that it has been committed.
    """
    with stage.connect() as connection, _configured(stage, "synchronous_standby_names = 'nobody'"):
        time.sleep(_HELD_SECONDS)
        ended = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) AS ended FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        ).fetchone()
    return int(ended["ended"]) if ended else 0


def rotate_passwords(stage: Stage) -> None:
    """Let Secrets Manager give the users of API and worker another password, and RDS the master user, at once."""
    arns = [arn for user, arn in stage.cloud.user_secrets("Notifications").items() if user in {"api", "worker"}]
    with ThreadPoolExecutor(len(arns), thread_name_prefix="rotations") as executor:
        list(executor.map(lambda arn: _rotate(stage, arn), arns))
    stage.cloud.client("rds").modify_db_cluster(
        DBClusterIdentifier=stage.cloud.cluster()["DBClusterIdentifier"],
        RotateMasterUserPassword=True,
        ApplyImmediately=True,
    )


def _rotate(stage: Stage, arn: str) -> None:
    """Rotate a secret; again if that fails, as Secrets Manager does."""
    secrets = stage.cloud.client("secretsmanager")
    deadline = time.monotonic() + 3 * _BOUND_SECONDS
    version = ""
    while time.monotonic() < deadline:
        stages = secrets.describe_secret(SecretId=arn)["VersionIdsToStages"]
        if "AWSCURRENT" in stages.get(version, []):
            return
        # Refused while a rotation is under way.
        with suppress(secrets.exceptions.InvalidRequestException):
            version = secrets.rotate_secret(SecretId=arn)["VersionId"]
        time.sleep(0.2)
    raise AssertionError(f"{arn} was not rotated within {3 * _BOUND_SECONDS} s")


@contextmanager
def _configured(stage: Stage, line: str) -> Iterator[None]:
    """The server with one more setting, which only its own superuser could make through a connection."""
    server, folder = eventually(lambda: _server(stage), seconds=_BOUND_SECONDS)
    file = folder / "postgresql.auto.conf"
    try:
        _rewrite(file, lambda lines: [*lines, line])
        _reload(server)
        yield
    finally:
        _rewrite(file, lambda lines: [each for each in lines if each != line])
        _reload(server)
        # Another one may have been started meanwhile, which has read the line; one that starts now will not.
        successor = _running(stage)
        if successor is not None and successor[0] != server:
            server, _ = eventually(lambda: _server(stage), seconds=_BOUND_SECONDS)
            _reload(server)


def _rewrite(file: Path, change: Callable[[list[str]], list[str]]) -> None:
    # Faults of several threads come and go independently of each other.
    with _REWRITING:
        file.write_text("".join(f"{line}\n" for line in change(file.read_text().splitlines())))


def _reload(server: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):  # what is started after it reads the file as well
        server.send_signal(signal.SIGHUP)


def _server(stage: Stage) -> tuple[psutil.Process, Path] | None:
    """PostgreSQL's first process, and the folder of its data, once it takes connections.

    Before that, the signal to read its settings would end it. Asked without signing in: while commits are held, so may
    a new password be.
    """
    found = _running(stage)
    address = f"host={LOOPBACK} port={stage.cloud.cluster()['Port']}"
    return found if PGconn.ping(address.encode()) == Ping.OK else None


def _running(stage: Stage) -> tuple[psutil.Process, Path] | None:
    port = str(stage.cloud.cluster()["Port"])
    for process in marked(stage.cloud.settings):
        try:
            arguments = process.cmdline()
        except psutil.Error:
            continue
        if "-D" in arguments and "-p" in arguments and arguments[arguments.index("-p") + 1] == port:
            return process, Path(arguments[arguments.index("-D") + 1])
    return None
