"""The system with one of its mechanisms taken away, and the row of the table that has to tell."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.faults.rows import ROWS
from tests.faults.run import Result, run, warm_up
from tests.faults.versions import changed

if TYPE_CHECKING:
    from tests.faults.stage import Stage


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """changes: file of the deployed copy, a passage, and what stands in its place. row: the one that turns red, telling
    something like `tells`."""

    name: str
    row: str
    tells: str
    changes: tuple[tuple[str, str, str], ...]


MUTANTS = (
    Mutant(
        name="the outbox is dropped",
        row="api-killed",
        tells="neither sent nor failed",
        changes=(
            (
                "services/intake.py",
                'outbox.add(connection, QUEUED, message.model_dump(mode="json", exclude_none=True))',
                "pass",
            ),
        ),
    ),
    Mutant(
        name="the outbox forgets what the queue did not take",
        row="queue-unreachable",
        tells="neither sent nor failed",
        changes=(
            (
                "services/outbox.py",
                "        _settle(connection, publication)\n",
                '        connection.execute("DELETE FROM outbox")\n',
            ),
        ),
    ),
    Mutant(
        name="the idempotency key is ignored",
        row="commit-answer-lost",
        tells="given another id",
        changes=(
            ("services/intake.py", "uuid5(keys, idempotency_key) if idempotency_key else uuid4()", "uuid4()"),
            (
                "services/intake.py",
                "store.insert(connection, message, idempotency_key, owner=owner)",
                "store.insert(connection, message, None, owner=owner)",
            ),
        ),
    ),
    Mutant(
        name="messages are let go of whatever came of them",
        row="channels-refuse",
        tells="neither sent nor failed",
        changes=(
            (
                "workers/notifications/handler.py",
                "            raise ReturnedToQueueError(reason)\n",
                "            pass\n",
            ),
        ),
    ),
    Mutant(
        name="what was sent is not skipped",
        row="everything-twice",
        tells="delivered again",
        changes=(
            ("services/worker.py", "            elif claim.status is Status.SENT:\n", "            elif False:\n"),
        ),
    ),
    Mutant(
        name="claims outlive their worker",
        row="worker-killed",
        tells="neither sent nor failed",
        changes=(("services/worker.py", "by=self._id, seconds=self._seconds, ", "by=self._id, seconds=86_400, "),),
    ),
    Mutant(
        name="throttling is final",
        row="channels-refuse",
        tells=" failed: ",
        changes=(
            (
                "services/channels/failures.py",
                "    if response.status_code in _PASSING or response.is_server_error:\n",
                "    if response.is_informational:\n",
            ),
        ),
    ),
    Mutant(
        name="malformed messages are thrown away",
        row="malformed",
        tells="are not parked",
        changes=(("services/worker.py", "                self._worker.queue.park(*item)\n", "                pass\n"),),
    ),
    Mutant(
        name="reasons are not told",
        row="malformed",
        tells="without a reason",
        changes=(("services/receiving.py", '            "Reason": excerpt(reason, _MAX_REASON_CHARACTERS),\n', ""),),
    ),
    Mutant(
        name="letters stay when they are sent again",
        row="sent-again",
        tells="letters are still there",
        changes=(("services/replay.py", "        self.queue.delete(letters)\n", ""),),
    ),
    Mutant(
        name="the secret is read once",
        row="secret-rotated",
        tells="requests failed",
        changes=(
            (
                "services/database.py",
                "current = self._read_credentials(location.database_secret_arn, fresh=True)",
                "current = credentials",
            ),
        ),
    ),
    Mutant(
        name="a migration that fails is answered as done",
        row="failing-migration",
        tells="the deployment ended with 0",
        changes=(
            (
                "workers/migrations/handler.py",
                '        return _failed(f"the migration failed and was rolled back: {error}")\n',
                '        return _Result("SUCCESS", str(error), {"Revision": "0000"})\n',
            ),
        ),
    ),
    Mutant(
        name="a version that is not healthy is not rolled back",
        row="unhealthy-version",
        tells="never accepted",
        changes=(
            (
                "constructs_lib/fargate_service.py",
                "circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True)",
                "circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=False)",
            ),
        ),
    ),
    Mutant(
        name="what is sent again is not queued",
        row="sent-again",
        tells="neither sent nor failed",
        changes=(
            (
                "services/store_replay.py",
                '    FROM requeued ORDER BY created_at, id\n"""',
                '    FROM requeued WHERE false\n"""',
            ),
        ),
    ),
)


def run_mutants(
    stage: "Stage", mutants: tuple[Mutant, ...], *, count: int, limit_seconds: float
) -> Iterator[tuple[Mutant, Result]]:
    """Deploy each in turn, and put its row through its faults."""
    root = stage.cloud.settings.root
    for mutant in mutants:
        with ExitStack() as stack:
            for name, old, new in mutant.changes:
                stack.enter_context(changed(root / name, old, new))
            stage.cloud.up("--no-demo")
            warm_up(stage)
            (row,) = (row for row in ROWS if row.name == mutant.row)
            (result,) = run(stage, [row], count=count, limit_seconds=limit_seconds)
        yield mutant, result
    stage.cloud.up("--no-demo")
