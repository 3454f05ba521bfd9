"""The faults of the rows, each injected while a load goes on."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from subprocess import TimeoutExpired

import psutil
import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from local.web import UnreachableError
from tests.faults import database_faults as database
from tests.faults import versions
from tests.faults.aws_proxy import Rule
from tests.faults.stage import Meanwhile, Stage, kill
from tests.faults.verdict import stored

_UNREACHABLE_SECONDS = 20.0
# Longer than a worker waits for its database.
_STOPPED_SECONDS = 20.0
_READ_ONLY_SECONDS = 3.0
_MALFORMED_SHARE = 20
_LAST_DELIVERIES_SECONDS = 3
# Of the faults that go on at the same time.
_MOST_BROKEN_OFF = 2
_SQS_BATCH = 10
_BROKEN_OFF = (
    *(psycopg.Error, psutil.Error, ClientError, BotoCoreError),
    *(UnreachableError, TimeoutExpired, AssertionError),
)


@dataclass(slots=True)
class Injected:
    """What was done. unit: what count counts. complaints: what did not go as it was meant to."""

    unit: str
    count: int = 0
    complaints: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.count} {self.unit}"


Injection = Callable[[Stage, Meanwhile, str, int], Injected]
"""Called with the stage, the time of the load, the prefix of its texts and their number; returns soon after its end."""


def kill_tasks(stage: Stage, meanwhile: Meanwhile, _prefix: str, _count: int) -> Injected:
    """SIGKILL for the API, again and again."""
    done = Injected("kills")
    for _ in meanwhile.pulses(5):
        done.count += kill(stage.tasks())
    return done


def kill_workers(stage: Stage, meanwhile: Meanwhile, _prefix: str, _count: int) -> Injected:
    """SIGKILL for workers while their deliveries are slow."""
    done = Injected("kills")
    with stage.weather.bad(webhook={"delay_seconds": 0.5}, telegram={"delay_seconds": 0.5}):
        for _ in meanwhile.pulses(6):
            workers = stage.workers()
            done.count += kill(meanwhile.random.sample(workers, min(2, len(workers))))
    return done


def stop_database(stage: Stage, meanwhile: Meanwhile, _prefix: str, _count: int) -> Injected:
    """The cluster is stopped and started, with deliveries under way."""
    done = Injected("stops")
    with stage.weather.bad(webhook={"delay_seconds": 0.5}, telegram={"delay_seconds": 0.5}):
        for _ in meanwhile.pulses(1):
            database.stop_for(stage, _STOPPED_SECONDS)
            done.count += 1
    return done


def upset_database(stage: Stage, meanwhile: Meanwhile, _prefix: str, _count: int) -> Injected:
    """Connections end, the writer fails over, everything is read-only for a while."""
    done = Injected("upsets")
    upsets: list[Callable[[], object]] = [
        lambda: database.end_connections(stage),
        lambda: database.fail_over(stage),
        lambda: database.read_only_for(stage, _READ_ONLY_SECONDS),
        lambda: database.end_connections(stage),
    ]
    for number in meanwhile.pulses(len(upsets)):
        try:
            upsets[number]()
        except (psycopg.OperationalError, ClientError):  # nothing to upset just now: another fault has taken it
            continue
        done.count += 1
    return done


def lose_answers_to_commits(stage: Stage, meanwhile: Meanwhile, _prefix: str, _count: int) -> Injected:
    """Commits are applied, and who asked for them never hears of it."""
    done = Injected("lost answers")
    for _ in meanwhile.pulses(6):
        try:
            done.count += database.lose_answers_to_commits(stage)
        except psycopg.OperationalError:
            continue
    return done


def unreachable_queue(stage: Stage, meanwhile: Meanwhile, _prefix: str, _count: int) -> Injected:
    """SQS does not answer: connections to it break."""
    with stage.proxy.faulty({"service": "sqs", "reset": True}):
        before = stage.proxy.fired()
        meanwhile.wait(_UNREACHABLE_SECONDS)
        return Injected("broken requests", stage.proxy.fired() - before)


def lose_answers_of_queue(stage: Stage, meanwhile: Meanwhile, _prefix: str, _count: int) -> Injected:
    """SQS takes messages, and its answer is lost on the way: the client sends them again."""
    return _while_it_lasts(
        stage, meanwhile, "lost answers", {**_ANSWER_LOST, "probability": 0.4, "operation": "SendMessageBatch"}
    )


def deliver_everything_twice(stage: Stage, meanwhile: Meanwhile, _prefix: str, _count: int) -> Injected:
    """Every request to SQS is answered the second time only, so that every message is there twice."""
    once_lost = {**_ANSWER_LOST, "sequence": {"fail": 1, "pass": 1}, "operation": "SendMessageBatch"}
    return _while_it_lasts(stage, meanwhile, "doubled batches", once_lost)


def refuse_deliveries(stage: Stage, meanwhile: Meanwhile, _prefix: str, _count: int) -> Injected:
    """Every channel throttles, or fails inside, now and then."""
    refused = {"probability": 0.25, "statuses": [429, 500, 503]}
    with stage.weather.bad(webhook=refused, telegram=refused):
        return _while_it_lasts(
            stage,
            meanwhile,
            "refusals of SES and SNS",
            {"service": "ses", "probability": 0.15, "error": {"code": "Throttling"}},
            {"service": "ses", "probability": 0.15, "error": {"code": "InternalFailure", "status": 500}},
            {"service": "sns", "probability": 0.15, "error": {"code": "Throttling"}},
            {"service": "sns", "probability": 0.15, "error": {"code": "InternalError", "status": 500}},
        )


def refuse_for_good(stage: Stage, meanwhile: Meanwhile, prefix: str, _count: int) -> Injected:
    """Webhooks are gone, and Telegram knows no chat, until the load is over."""
    gone = {"probability": 1, "statuses": [410]}
    with stage.weather.bad(webhook=gone, telegram={**gone, "statuses": [403]}):
        while not meanwhile.wait(1):
            pass
        # What was taken in last is still to be delivered.
        time.sleep(_LAST_DELIVERIES_SECONDS)
    return Injected("refused", sum(row["status"] == "failed" for row in stored(stage, prefix)))


def queue_malformed(stage: Stage, meanwhile: Meanwhile, prefix: str, count: int) -> Injected:
    """One message in twenty, from another producer, is none."""
    done = Injected("malformed")
    bodies = [f"malformed {prefix}{number}" for number in range(max(count // _MALFORMED_SHARE, 1))]
    sqs = stage.cloud.client("sqs")
    parts = [bodies[first : first + _SQS_BATCH] for first in range(0, len(bodies), _SQS_BATCH)]
    for part in parts:
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(part)]
        done.count += len(sqs.send_message_batch(QueueUrl=stage.queue_url, Entries=entries)["Successful"])
        meanwhile.wait(meanwhile.seconds / len(parts) * 0.9)
    return done


def unparked(stage: Stage, prefix: str, count: int) -> list[str]:
    """What is wrong with the malformed messages in the dead-letter queue, once the row has settled."""
    expected = {f"malformed {prefix}{number}" for number in range(max(count // _MALFORMED_SHARE, 1))}
    parked = {each["Body"]: each.get("MessageAttributes") or {} for each in stage.messages(stage.dlq_url)}
    lost = expected - set(parked)
    without = [body for body in expected & set(parked) if "Reason" not in parked[body]]
    complaints = [f"{len(lost)} malformed messages are not parked"] if lost else []
    return complaints + ([f"{len(without)} malformed messages are parked without a reason"] if without else [])


def rotate_passwords(stage: Stage, meanwhile: Meanwhile, _prefix: str, _count: int) -> Injected:
    """The passwords of API, worker and master user change, and idle connections end.

    Whoever comes next has to take the new one: from the second rotation on, what was good before the first is refused.
    """
    done = Injected("rotations")
    for _ in meanwhile.pulses(3):
        database.rotate_passwords(stage)
        done.count += 1
        if not database.end_connections(stage, only_idle=True):
            done.complaints.append("no connection had to be made anew")
    return done


def deploy_new(stage: Stage, meanwhile: Meanwhile, prefix: str, _count: int) -> Injected:
    """Other code of API and worker is deployed."""
    return _deployed(meanwhile, lambda: versions.deploy_new(stage, prefix))


def deploy_unhealthy(stage: Stage, meanwhile: Meanwhile, _prefix: str, _count: int) -> Injected:
    """An API is deployed that does not become healthy."""
    return _deployed(meanwhile, lambda: versions.deploy_unhealthy(stage))


def deploy_failing_migration(stage: Stage, meanwhile: Meanwhile, _prefix: str, _count: int) -> Injected:
    """A migration is deployed that fails."""
    return _deployed(meanwhile, lambda: versions.deploy_failing_migration(stage))


def everything(stage: Stage, meanwhile: Meanwhile, prefix: str, count: int) -> Injected:
    """All of it at the same time; what is meant to succeed by itself may fail here, and is made good at the end."""
    faults: list[Injection] = [
        kill_tasks,
        kill_workers,
        stop_database,
        upset_database,
        lose_answers_to_commits,
        unreachable_queue,
        lose_answers_of_queue,
        refuse_deliveries,
        queue_malformed,
        rotate_passwords,
        deploy_new,
    ]
    done = Injected(f"faults of {len(faults)} kinds")
    with ThreadPoolExecutor(len(faults), thread_name_prefix="faults") as executor:
        running = {fault: executor.submit(fault, stage, meanwhile, prefix, count) for fault in faults}
    broken_off = []
    for fault, future in running.items():
        try:
            found = future.result()
        except _BROKEN_OFF as error:
            # One fault may keep another from ending as it should: a database that is stopped has no process to be told
            # anything, and cannot be rebooted.
            broken_off.append(f"{fault.__name__} broke off: {error}")
            continue
        done.count += found.count
        if not found.count:
            done.complaints.append(f"{fault.__name__} did not happen")
    if len(broken_off) > _MOST_BROKEN_OFF:
        done.complaints += broken_off
    done.complaints += versions.deploy_new(stage, f"{prefix} in the end")
    return done


_ANSWER_LOST: Rule = {"service": "sqs", "response": {"abort_bytes": 1}}


def _while_it_lasts(stage: Stage, meanwhile: Meanwhile, unit: str, *rules: Rule) -> Injected:
    with stage.proxy.faulty(*rules):
        before = stage.proxy.fired()
        while not meanwhile.wait(1):
            pass
        return Injected(unit, stage.proxy.fired() - before)


def _deployed(meanwhile: Meanwhile, deploy: Callable[[], list[str]]) -> Injected:
    meanwhile.wait(1)
    return Injected("deployments", 1, deploy())
