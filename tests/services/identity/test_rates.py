"""How often each identity may ask, over all tasks together."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest
from psycopg import Connection

from services.identity import rates
from services.identity.principal import Principal
from services.identity.rates import Rates
from tests.services.identity.conftest import NewKey, Serve
from tests.services.identity.test_keys import bearer
from tests.services.problems import problem
from tests.support.postgres import TestDatabase


class Connections:
    """Takes connections to the database, and counts them."""

    def __init__(self, database: TestDatabase) -> None:
        self._database = database
        self.taken = 0

    def __call__(self) -> AbstractContextManager[Connection[Any]]:
        self.taken += 1
        return self._database.connect()


@pytest.fixture
def connections(database: TestDatabase) -> Connections:
    return Connections(database)


@pytest.fixture(autouse=True)
def _within_one_minute(database: TestDatabase) -> None:
    """Waits where the minute of the database is about to end."""
    with database.connect() as connection:
        connection.execute("SELECT pg_sleep(61 - EXTRACT(SECOND FROM now())) WHERE EXTRACT(SECOND FROM now()) > 45")


ADA = Principal(owner="token:ada", subject="token:ada")
BOB = Principal(owner="token:bob", subject="token:bob")


def test_no_more_than_the_number_pass_in_a_minute_by_however_many_tasks(connections: Connections) -> None:
    tasks = [Rates(connections, 100) for _ in range(3)]
    passed = [task for _ in range(200) for task in tasks if task.take(ADA) == 0]
    assert len(passed) == 100
    assert 0 < tasks[0].take(ADA) <= 60


def test_threads_of_one_task_do_not_exceed_it_either(connections: Connections) -> None:
    task = Rates(connections, 100)
    with ThreadPoolExecutor(8) as executor:
        waits = list(executor.map(lambda _: task.take(ADA), range(400)))
    # What the slowest thread was granted, it may hand to the task after all others were refused: to those who come now.
    later = [task.take(ADA) for _ in range(100)]
    assert waits.count(0) + later.count(0) == 100


def test_the_database_is_asked_for_a_twentieth_at_a_time_and_not_at_all_by_who_has_none_left(
    connections: Connections,
) -> None:
    task = Rates(connections, 100)
    for _ in range(100):
        assert task.take(ADA) == 0
    assert connections.taken == 20
    for _ in range(1000):
        assert task.take(ADA) > 0
    assert connections.taken == 21


def test_one_s_requests_are_not_another_s(connections: Connections) -> None:
    task = Rates(connections, 1)
    assert [task.take(ADA) > 0, task.take(ADA) > 0, task.take(BOB) > 0] == [False, True, False]


def test_the_next_minute_is_another_one(connections: Connections, database: TestDatabase) -> None:
    now = [0.0]
    task = Rates(connections, 20, clock=lambda: now[0])
    assert [task.take(ADA) == 0 for _ in range(21)] == [True] * 20 + [False]
    with database.connect() as connection:
        connection.execute("UPDATE request_rates SET minute = minute - interval '1 minute'")
    assert task.take(ADA) > 0, "the task waits for the end of the minute without asking"
    now[0] += 60
    assert [task.take(ADA) == 0 for _ in range(21)] == [True] * 20 + [False]


def test_memory_is_bounded(connections: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MOST_LEASES", 3)
    task = Rates(connections, 20)
    for number in range(10):
        task.take(Principal(owner="x", subject=f"token:{number}"))
    assert len(task._leases) == 3


def test_subjects_of_long_ago_are_forgotten(connections: Connections, database: TestDatabase) -> None:
    task = Rates(connections, 20)
    for number in range(5):
        task.take(Principal(owner="x", subject=f"token:{number}"))
    with database.connect() as connection:
        connection.execute("UPDATE request_rates SET minute = minute - interval '2 days'")
    task.take(ADA)
    assert database.rows("SELECT subject FROM request_rates") == [("token:ada",)]


def test_a_key_that_asks_too_often_is_told_when_to_come_back(serve: Serve, new_key: NewKey) -> None:
    (key, _), (other, _) = new_key(), new_key("other")
    with serve(requests_per_minute_per_key=5) as client:
        answers = [client.get("/notifications", headers=bearer(key)) for _ in range(7)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
        problem(answers[-1], 429)
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        assert client.get("/notifications", headers=bearer(other)).status_code == 200
        assert client.get("/health").status_code == 200


def test_who_is_refused_uses_nothing_up(serve: Serve, new_key: NewKey) -> None:
    key, _ = new_key()
    with serve(requests_per_minute_per_key=2) as client:
        refused = [client.get("/notifications", headers=bearer(f"{key[:-4]}AAAA")) for _ in range(5)]
        assert {answer.status_code for answer in refused} == {401}
        assert client.get("/notifications", headers=bearer(key)).status_code == 200


def test_a_document_tells_of_it(guarded: httpx.Client) -> None:
    for path, methods in guarded.get("/openapi.json").json()["paths"].items():
        if path.startswith("/notifications"):
            for operation in methods.values():
                assert {"401", "429", "503"} <= operation["responses"].keys()
                assert operation["security"] == [{"bearer": []}, {"apiKey": []}]
