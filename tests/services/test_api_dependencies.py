"""The API while what it depends on is away, and afterwards."""

import json
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest

from services.api.app import create_app
from services.settings import ApiSettings
from tests.services.conftest import Queued
from tests.services.problems import problem
from tests.support.emulator import Aws
from tests.support.eventually import eventually
from tests.support.postgres import HOST, PostgresServer, TestDatabase, free_port
from tests.support.serving import client_of, serving

EMAIL = {"channel": "email", "recipient": "ada@example.com", "subject": "Hello", "body": "hunter2"}


def unavailable(response: httpx.Response) -> list[str]:
    fields = list(problem(response, 503))
    assert int(response.headers["retry-after"]) > 0
    return fields


def end_sessions(connection: psycopg.Connection[Any]) -> int:
    """Cuts off the API from the database; returns how many sessions it had, once they have ended."""
    ended = connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'api'"
    ).fetchall()
    assert all(done for (done,) in ended)
    return len(ended)


@pytest.fixture
def stopped_postgres(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """The database's server, to be stopped by the test; it runs again afterwards."""
    yield postgres
    if not postgres.running:
        postgres.start()


@pytest.fixture
def api_without_queue(api_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{HOST}:{free_port()}")
    with (
        serving(create_app(ApiSettings.from_environment(api_environment))) as url,
        client_of(url) as client,
    ):
        yield client


@pytest.mark.usefixtures("prompt_pools")
def test_health_is_about_the_process_alone(
    api: httpx.Client, api_without_queue: httpx.Client, stopped_postgres: PostgresServer
) -> None:
    stopped_postgres.stop()
    for client in (api, api_without_queue):
        assert client.get("/health").json() == {"status": "ok"}


def test_ready_while_the_database_answers(api: httpx.Client, api_without_queue: httpx.Client) -> None:
    for client in (api, api_without_queue):
        assert client.get("/ready").json() == {"status": "ready"}


@pytest.mark.usefixtures("prompt_pools")
def test_a_database_that_went_away_and_came_back(
    api: httpx.Client, queued: Queued, stopped_postgres: PostgresServer
) -> None:
    eventually(lambda: api.post("/notifications", json=EMAIL).status_code == 202)
    assert len(queued()) == 1
    stopped_postgres.stop()
    for response in (api.post("/notifications", json=EMAIL), api.get("/notifications"), api.get("/ready")):
        assert unavailable(response) == ["database"]
    stopped_postgres.start()
    eventually(lambda: api.post("/notifications", json=EMAIL).status_code == 202)
    eventually(lambda: api.get("/ready").status_code == 200)
    assert len(queued()) == 2


@pytest.mark.usefixtures("prompt_pools")
def test_the_end_of_a_long_outage_is_noticed_at_once(
    api: httpx.Client, stopped_postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The pause that the pool has reached between its own attempts after some minutes.
    monkeypatch.setattr("psycopg_pool.base.AttemptWithBackoff.INITIAL_DELAY", 60)
    stopped_postgres.stop()
    assert unavailable(api.get("/ready")) == ["database"]
    stopped_postgres.start()
    eventually(lambda: api.get("/ready").status_code == 200)


@pytest.mark.usefixtures("prompt_pools")
def test_the_api_starts_without_database(api_environment: dict[str, str], stopped_postgres: PostgresServer) -> None:
    stopped_postgres.stop()
    app = create_app(ApiSettings.from_environment(api_environment))
    with serving(app) as url, client_of(url) as client:
        assert unavailable(client.get("/ready")) == ["database"]
        stopped_postgres.start()
        eventually(lambda: client.get("/ready").status_code == 200)


def test_connections_cut_off_by_the_server_are_replaced_unnoticed(api: httpx.Client, database: TestDatabase) -> None:
    assert api.post("/notifications", json=EMAIL).status_code == 202
    with database.connect() as connection:
        assert end_sessions(connection)
    assert api.post("/notifications", json=EMAIL).status_code == 202


@pytest.mark.usefixtures("prompt_pools")
def test_a_connection_that_leads_to_a_reader_is_replaced(api: httpx.Client, database: TestDatabase) -> None:
    name = database.name
    with database.connect() as connection:
        try:
            connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
            end_sessions(connection)
            assert unavailable(api.post("/notifications", json=EMAIL)) == ["database"]
        finally:
            connection.execute(b"SET default_transaction_read_only = off")
            connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
    eventually(lambda: api.post("/notifications", json=EMAIL).status_code == 202)


def test_what_is_accepted_while_the_queue_is_away_is_queued_by_the_next_task(
    api_without_queue: httpx.Client,
    api_environment: dict[str, str],
    queued: Queued,
    aws: Aws,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [api_without_queue.post("/notifications", json=EMAIL) for _ in range(25)]
    assert {answer.status_code for answer in answers} == {202}
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.emulator.url)
    with serving(create_app(ApiSettings.from_environment(api_environment))):
        ids = {json.loads(message["Body"])["id"] for message in queued()}
    assert ids == {answer.json()["id"] for answer in answers}


def test_a_queue_that_comes_back_is_sent_to_without_another_request(
    api: httpx.Client, aws: Aws, queue_url: str, queued: Queued
) -> None:
    name = queue_url.rpartition("/")[2]
    aws.sqs.delete_queue(QueueUrl=queue_url)
    answer = api.post("/notifications", json=EMAIL)
    assert answer.status_code == 202
    time.sleep(0.5)
    aws.sqs.create_queue(QueueName=name)
    assert [json.loads(message["Body"])["id"] for message in queued()] == [answer.json()["id"]]


def test_a_notification_whose_intent_cannot_be_stored_is_not_stored_either(
    api: httpx.Client, database: TestDatabase
) -> None:
    with database.connect() as connection:
        connection.execute("ALTER TABLE outbox ADD CONSTRAINT refuse CHECK (topic <> 'notification.queued')")
    try:
        problem(api.post("/notifications", json=EMAIL), 500)
    finally:
        with database.connect() as connection:
            connection.execute("ALTER TABLE outbox DROP CONSTRAINT refuse")
    assert database.rows("SELECT id FROM notifications") == []


def test_a_retry_finds_the_notification_whose_commit_lost_its_answer(api: httpx.Client, queued: Queued) -> None:
    headers = {"Idempotency-Key": "1"}
    # What the client would have been told.
    lost = api.post("/notifications", json=EMAIL, headers=headers).json()
    assert api.post("/notifications", json=EMAIL, headers=headers).json() == lost
    assert len(queued()) == 1


@pytest.mark.usefixtures("prompt_pools")
def test_a_request_waits_a_second_for_a_connection_and_no_longer(
    api_environment: dict[str, str], database: TestDatabase
) -> None:
    app = create_app(ApiSettings.from_environment({**api_environment, "DATABASE_POOL_SIZE": "1"}))
    waiting = "SELECT pid FROM pg_stat_activity WHERE application_name = 'api' AND wait_event_type = 'Lock'"
    with serving(app) as url, client_of(url) as client, database.connect() as blocker:
        eventually(lambda: client.get("/ready").status_code == 200)
        with blocker.transaction():
            blocker.execute("LOCK TABLE notifications")
            with ThreadPoolExecutor(1) as executor:
                blocked = executor.submit(client.get, "/notifications")
                eventually(lambda: database.rows(waiting))
                started = time.monotonic()
                assert unavailable(client.get("/notifications")) == ["database"]
                assert time.monotonic() - started > 0.9
                assert not blocked.done()
                assert client.get("/health").status_code == 200
                blocker.execute("ROLLBACK")
                assert blocked.result().status_code == 200


def test_an_idle_api_holds_no_connection(
    api_environment: dict[str, str], database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.pool._MAX_IDLE_SECONDS", 2)
    app = create_app(ApiSettings.from_environment(api_environment))
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'api'"
    with serving(app) as url, client_of(url) as client:
        # Asked anew each time: what was opened for the answer may have been closed since.
        eventually(lambda: client.get("/ready").is_success and database.rows(sessions) != [(0,)])
        eventually(lambda: database.rows(sessions) == [(0,)])
        assert client.get("/ready").status_code == 200


def test_an_unexpected_error_is_a_problem_and_its_log_line_holds_no_content(
    api: httpx.Client, database: TestDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    with database.connect() as connection:
        connection.execute("ALTER TABLE notifications ADD CONSTRAINT refuse CHECK (body <> 'hunter2')")
    try:
        with caplog.at_level(logging.DEBUG):
            problem(api.post("/notifications", json=EMAIL), 500)
    finally:
        with database.connect() as connection:
            connection.execute("ALTER TABLE notifications DROP CONSTRAINT refuse")
    logged = json.dumps([record.__dict__ for record in caplog.records], default=str)
    assert "unexpected error" in logged
    assert "23514" in logged
    assert "hunter2" not in logged
    assert "ada@example.com" not in logged
