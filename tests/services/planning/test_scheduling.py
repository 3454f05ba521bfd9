"""However many schedulers there are, and whatever stops one of them, one plans and none plans twice."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from redis import RedisError

from services.planning.scheduler.lock import SchedulerLock
from services.planning.scheduler.scheduling import Scheduler
from services.planning.store.planner import Planned
from tests.services.planning.conftest import Schedule
from tests.support.eventually import PATIENCE_SECONDS, eventually
from tests.support.postgres import TestDatabase
from tests.support.redis import RedisServer

NOTHING = Planned()
PLANNED = "SELECT count(*) FROM notifications"


class Schedulers:
    """Schedulers of one system, each with clients of its own."""

    def __init__(self, database: TestDatabase, redis: RedisServer) -> None:
        self._database = database
        self._redis = redis

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        with self._database.connect() as connection:
            yield connection

    def another(self, *, lease_seconds: float = 30) -> Scheduler:
        return Scheduler(SchedulerLock(self._redis.connect(), lease_seconds=lease_seconds), self._connection)


@pytest.fixture
def schedulers(database: TestDatabase, redis: RedisServer) -> Schedulers:
    return Schedulers(database, redis)


def test_one_of_two_plans(schedulers: Schedulers, schedule: Schedule) -> None:
    first, second = schedulers.another(), schedulers.another()
    schedule()
    assert first.run_once().notifications == 1
    schedule()
    assert second.run_once() == NOTHING
    assert first.run_once().notifications == 1
    assert (first.leads, second.leads) == (True, False)


def test_two_at_once_plan_nothing_twice(schedulers: Schedulers, schedule: Schedule, database: TestDatabase) -> None:
    """With a lease so short that they keep taking the lock from each other."""
    for _ in range(30):
        schedule(send_at=datetime.now(UTC) - timedelta(seconds=2), every_seconds=1)
    began = time.monotonic()
    led: set[int] = set()

    def goes_on() -> bool:
        passed = time.monotonic() - began
        return passed < 3 or (led != {0, 1} and passed < PATIENCE_SECONDS)

    def run(number: int) -> int:
        scheduler = schedulers.another(lease_seconds=0.02)
        planned = 0
        while goes_on():
            planned += scheduler.run_once().notifications
            if scheduler.leads:
                led.add(number)
            time.sleep(0.03)
        return planned

    with ThreadPoolExecutor(2) as executor:
        planned = sum(executor.map(run, range(2)))
    assert led == {0, 1}, "both were to have their turns"
    assert database.rows(PLANNED) == [(planned,)]
    twice = "SELECT schedule_id, number FROM notifications GROUP BY 1, 2 HAVING count(*) > 1"
    assert database.rows(twice) == []
    gaps = (
        "SELECT 1 FROM schedules WHERE passed <> (SELECT count(*) FROM notifications WHERE schedule_id = schedules.id)"
    )
    assert database.rows(gaps) == []


def test_a_successor_begins_at_once_after_a_stop(schedulers: Schedulers, schedule: Schedule) -> None:
    first, second = schedulers.another(), schedulers.another()
    first.run_once()
    first.stop()
    schedule()
    assert second.run_once().notifications == 1


def test_a_stop_leaves_the_lock_of_another_alone(schedulers: Schedulers, schedule: Schedule) -> None:
    first, second, third = schedulers.another(), schedulers.another(), schedulers.another()
    first.run_once()
    second.stop()
    schedule()
    assert third.run_once() == NOTHING


def test_a_dead_scheduler_has_a_successor_when_its_lease_ends(
    schedulers: Schedulers, schedule: Schedule, redis: RedisServer
) -> None:
    dead, successor = schedulers.another(lease_seconds=60), schedulers.another()
    dead.run_once()
    schedule()
    assert successor.run_once() == NOTHING
    with redis.connect() as administrator:
        [lock] = administrator.scan_iter()
        administrator.pexpire(lock, 1)
    eventually(lambda: successor.run_once().notifications == 1)


def test_work_prolongs_the_lease(schedulers: Schedulers, redis: RedisServer) -> None:
    holder, other = schedulers.another(lease_seconds=60), schedulers.another()
    holder.run_once()
    with redis.connect() as administrator:
        [lock] = administrator.scan_iter()
        # As if most of the lease had passed.
        administrator.pexpire(lock, 20_000)
        holder.run_once()
        assert administrator.pttl(lock) > 20_000
    other.run_once()
    assert (holder.leads, other.leads) == (True, False)


def test_a_scheduler_paused_past_its_lease_finds_itself_replaced(
    schedulers: Schedulers, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is paused right after Redis has told it that the lock is its own: only the fence can stop it."""
    paused, successor = schedulers.another(lease_seconds=0.2), schedulers.another()
    paused.run_once()
    schedule(every_seconds=3600)

    def renew_then_pause(lock: SchedulerLock) -> bool:
        held = renew(lock)
        monkeypatch.undo()
        time.sleep(0.25)
        assert successor.run_once().notifications == 1
        schedule()
        return held

    renew = SchedulerLock.renew
    monkeypatch.setattr(SchedulerLock, "renew", renew_then_pause)
    assert paused.run_once() == NOTHING
    assert not paused.leads
    assert successor.run_once().notifications == 1


def test_without_redis_nothing_is_planned_and_with_it_again_everything(
    schedulers: Schedulers, schedule: Schedule, redis: RedisServer, database: TestDatabase
) -> None:
    scheduler = schedulers.another()
    scheduler.run_once()
    schedule()
    redis.stop()
    with pytest.raises(RedisError):
        scheduler.run_once()
    assert not scheduler.leads
    assert database.rows(PLANNED) == [(0,)]
    scheduler.stop()
    redis.start()
    assert scheduler.run_once().notifications == 1


def test_a_redis_that_forgot_the_lock_gives_it_to_one_of_them(
    schedulers: Schedulers, schedule: Schedule, redis: RedisServer
) -> None:
    first, second = schedulers.another(), schedulers.another()
    first.run_once()
    with redis.connect() as administrator:
        administrator.flushall()
    schedule()
    assert second.run_once().notifications == 1
    schedule()
    assert first.run_once() == NOTHING
    assert second.run_once().notifications == 1
