"""The rows of the table: each a fault, what goes on meanwhile, and what is promised all the same."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults import injections
from tests.faults.injections import Injection
from tests.faults.replaying import send_again
from tests.faults.stage import Stage
from tests.faults.verdict import Expectation

# Nothing is delivered again, and nothing fails, unless a row says why it may.
_STRICT = Expectation()
# What two cores take in while they also deliver it.
_PER_SECOND = 80.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    title: str
    inject: Injection
    expected: Expectation = _STRICT
    lasts_seconds: float = 0.0
    """How long the fault takes: the load is stretched to go on for as long."""
    times: int = 1
    """So many times the notifications of the other rows."""
    with_rejected: bool = False
    """Whether some webhooks refuse for good."""
    afterwards: Callable[[Stage, str, frozenset[str]], list[str]] | None = None
    """What is done once nothing is on its way, before the row is judged; given what is refused for good; complaints."""
    check: Callable[[Stage, str, int], list[str]] | None = None
    """What else has to be so in the end: complaints of it."""

    def per_second(self, count: int) -> float:
        """The pace of a load of so many notifications."""
        return min(_PER_SECOND, count / self.lasts_seconds) if self.lasts_seconds else _PER_SECOND


ROWS = (
    Row(name="api-killed", title="kill -9 of API processes", inject=injections.kill_tasks, lasts_seconds=10),
    Row(
        name="worker-killed",
        title="kill -9 of worker processes in mid-batch",
        inject=injections.kill_workers,
        # A delivery may end after its worker has.
        expected=Expectation(repeats=True),
        lasts_seconds=10,
    ),
    Row(
        name="database-stopped",
        title="PostgreSQL stopped and started",
        inject=injections.stop_database,
        lasts_seconds=30,
        # What was delivered when it stopped could not be recorded.
        expected=Expectation(repeats=True),
    ),
    Row(
        name="database-upset",
        title="connections ended, failover, read-only",
        inject=injections.upset_database,
        lasts_seconds=15,
        expected=Expectation(repeats=True),
    ),
    Row(
        name="commit-answer-lost",
        title="commit applied, its answer lost",
        inject=injections.lose_answers_to_commits,
        lasts_seconds=10,
    ),
    Row(
        name="queue-unreachable",
        title="SQS unreachable for 20 s",
        inject=injections.unreachable_queue,
        lasts_seconds=24,
    ),
    Row(
        name="queue-answer-lost",
        title="answers of SQS lost after the send",
        inject=injections.lose_answers_of_queue,
        lasts_seconds=8,
    ),
    Row(
        name="everything-twice",
        title="every message twice",
        inject=injections.deliver_everything_twice,
        lasts_seconds=8,
    ),
    Row(
        name="channels-refuse",
        title="SES, SNS, webhook, Telegram: 429 and 5xx",
        inject=injections.refuse_deliveries,
        lasts_seconds=10,
        # One in a few hundred is refused five times.
        expected=Expectation(failures_after=5),
    ),
    Row(
        name="malformed",
        title="5 % malformed, some refused for good",
        inject=injections.queue_malformed,
        lasts_seconds=5,
        with_rejected=True,
        check=injections.unparked,
    ),
    Row(
        name="sent-again",
        title="refused for good, then sent again",
        inject=injections.refuse_for_good,
        lasts_seconds=8,
        afterwards=send_again,
    ),
    Row(
        name="secret-rotated",
        title="database secrets rotated",
        inject=injections.rotate_passwords,
        expected=Expectation(trouble=False),
        lasts_seconds=40,
    ),
    Row(
        name="new-version",
        title="a new version deployed",
        inject=injections.deploy_new,
        expected=Expectation(trouble=False),
        lasts_seconds=30,
    ),
    Row(
        name="unhealthy-version",
        title="a version that is not healthy: rolled back",
        inject=injections.deploy_unhealthy,
        expected=Expectation(trouble=False),
        lasts_seconds=130,
    ),
    Row(
        name="failing-migration",
        title="a migration that fails: nothing deployed",
        inject=injections.deploy_failing_migration,
        expected=Expectation(trouble=False),
        lasts_seconds=35,
    ),
    Row(
        name="everything",
        title="all of it together",
        inject=injections.everything,
        expected=Expectation(repeats=True),
        afterwards=send_again,
        lasts_seconds=60,
        times=5,
        with_rejected=True,
        check=injections.unparked,
    ),
)
NAMES = tuple(row.name for row in ROWS)
