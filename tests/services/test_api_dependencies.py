"""The API while what it depends on is away, and afterwards."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from services.api.app import create_app
from services.settings import ApiSettings
from tests.services.problems import problem
from tests.support.emulator import Aws
from tests.support.postgres import HOST, PostgresServer, TestDatabase, free_port
from tests.support.serving import serving

EMAIL = {"channel": "email", "recipient": "ada@example.com", "subject": "Hello", "body": "hunter2"}


def unavailable(response: httpx.Response) -> list[str]:
    fields = list(problem(response, 503))
    assert int(response.headers["retry-after"]) > 0
    return fields


def eventually(answer: Callable[[], httpx.Response], status: int, *, seconds: float) -> httpx.Response:
    deadline = time.monotonic() + seconds
    while (response := answer()).status_code != status and time.monotonic() < deadline:
        time.sleep(0.1)
    assert response.status_code == status, response.text
    return response


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
        httpx.Client(base_url=url) as client,
    ):
        yield client


def test_health_is_about_the_process_alone(
    api: httpx.Client, api_without_queue: httpx.Client, stopped_postgres: PostgresServer
) -> None:
    stopped_postgres.stop()
    for client in (api, api_without_queue):
        assert client.get("/health").json() == {"status": "ok"}


def test_ready_while_database_and_queue_answer(api: httpx.Client) -> None:
    assert api.get("/ready").json() == {"status": "ready"}


def test_not_ready_without_queue(api_without_queue: httpx.Client) -> None:
    assert unavailable(api_without_queue.get("/ready")) == ["queue"]


def test_not_ready_when_the_queue_was_deleted(api: httpx.Client, aws: Aws, queue_url: str) -> None:
    aws.sqs.delete_queue(QueueUrl=queue_url)
    assert unavailable(api.get("/ready")) == ["queue"]


def test_not_ready_without_both(api_without_queue: httpx.Client, stopped_postgres: PostgresServer) -> None:
    stopped_postgres.stop()
    assert unavailable(api_without_queue.get("/ready")) == ["database", "queue"]


def test_a_database_that_went_away_and_came_back(
    api: httpx.Client, aws: Aws, queue_url: str, stopped_postgres: PostgresServer
) -> None:
    assert api.post("/notifications", json=EMAIL).status_code == 202
    stopped_postgres.stop()
    for response in (api.post("/notifications", json=EMAIL), api.get("/notifications"), api.get("/ready")):
        assert unavailable(response) == ["database"]
    assert len(aws.emulator.messages(queue_url)) == 1
    stopped_postgres.start()
    eventually(lambda: api.post("/notifications", json=EMAIL), 202, seconds=10)
    assert api.get("/ready").status_code == 200


def test_the_end_of_a_long_outage_is_noticed_at_once(
    api: httpx.Client, stopped_postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The pause that the pool has reached between its own attempts after some minutes.
    monkeypatch.setattr("psycopg_pool.base.AttemptWithBackoff.INITIAL_DELAY", 60)
    stopped_postgres.stop()
    assert unavailable(api.get("/ready")) == ["database"]
    stopped_postgres.start()
    eventually(lambda: api.get("/ready"), 200, seconds=5)


def test_the_api_starts_without_database(api_environment: dict[str, str], stopped_postgres: PostgresServer) -> None:
    stopped_postgres.stop()
    app = create_app(ApiSettings.from_environment(api_environment))
    with serving(app) as url, httpx.Client(base_url=url) as client:
        assert unavailable(client.get("/ready")) == ["database"]
        stopped_postgres.start()
        eventually(lambda: client.get("/ready"), 200, seconds=10)


def test_connections_cut_off_by_the_server_are_replaced_unnoticed(api: httpx.Client, database: TestDatabase) -> None:
    assert api.post("/notifications", json=EMAIL).status_code == 202
    with database.connect() as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'api'")
    assert api.post("/notifications", json=EMAIL).status_code == 202


def test_a_connection_that_leads_to_a_reader_is_replaced(api: httpx.Client, database: TestDatabase) -> None:
    name = database.name
    with database.connect() as connection:
        try:
            connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
            assert unavailable(api.post("/notifications", json=EMAIL)) == ["database"]
        finally:
            connection.execute(b"SET default_transaction_read_only = off")
            connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
    eventually(lambda: api.post("/notifications", json=EMAIL), 202, seconds=5)


def test_nothing_is_stored_that_could_not_be_queued(api_without_queue: httpx.Client, database: TestDatabase) -> None:
    started = time.monotonic()
    assert unavailable(api_without_queue.post("/notifications", json=EMAIL)) == ["queue"]
    assert time.monotonic() - started < 10
    assert database.rows("SELECT * FROM notifications") == []


def test_a_key_is_free_again_when_the_queue_did_not_take_the_message(
    api: httpx.Client, api_without_queue: httpx.Client
) -> None:
    headers = {"Idempotency-Key": "1"}
    assert unavailable(api_without_queue.post("/notifications", json=EMAIL, headers=headers)) == ["queue"]
    other = {**EMAIL, "body": "another content"}
    assert api.post("/notifications", json=other, headers=headers).status_code == 202


def test_a_retry_finds_what_the_worker_stored_in_place_of_a_lost_commit(
    api: httpx.Client, aws: Aws, queue_url: str, database: TestDatabase
) -> None:
    headers = {"Idempotency-Key": "1"}
    first = api.post("/notifications", json=EMAIL, headers=headers).json()
    # What remains when the commit is lost: the message, and later the row that the worker makes of it.
    with database.connect() as connection:
        connection.execute("UPDATE notifications SET idempotency_key = NULL, status = 'sent', sent_at = now()")
    assert api.post("/notifications", json=EMAIL, headers=headers).json() == {"id": first["id"], "status": "sent"}
    assert len(aws.emulator.messages(queue_url)) == 1


def test_a_request_waits_a_second_for_a_connection_and_no_longer(
    api_environment: dict[str, str], database: TestDatabase
) -> None:
    app = create_app(ApiSettings.from_environment({**api_environment, "DATABASE_POOL_SIZE": "1"}))
    with serving(app) as url, httpx.Client(base_url=url, timeout=20) as client, database.connect() as blocker:
        assert client.get("/ready").status_code == 200
        with blocker.transaction():
            blocker.execute("LOCK TABLE notifications")
            with ThreadPoolExecutor(1) as executor:
                blocked = executor.submit(client.get, "/notifications")
                time.sleep(0.3)
                started = time.monotonic()
                assert unavailable(client.get("/notifications")) == ["database"]
                assert 0.9 < time.monotonic() - started < 2
                assert client.get("/health").status_code == 200
                blocker.execute("ROLLBACK")
                assert blocked.result().status_code == 200


def test_an_idle_api_holds_no_connection(
    api_environment: dict[str, str], database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.pool._MAX_IDLE_SECONDS", 0.2)
    app = create_app(ApiSettings.from_environment(api_environment))
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'api'"
    with serving(app) as url, httpx.Client(base_url=url) as client:
        assert database.rows(sessions) == [(0,)]
        assert client.get("/ready").status_code == 200
        assert database.rows(sessions) == [(1,)]
        deadline = time.monotonic() + 5
        while database.rows(sessions) != [(0,)] and time.monotonic() < deadline:
            time.sleep(0.1)
        assert database.rows(sessions) == [(0,)]
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
