"""What every service has, whatever it serves."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, Request
from prometheus_client import REGISTRY

from services.serving import app as serving_app
from services.serving.app import create_app
from services.serving.dependency import Dependency
from services.serving.json_route import JsonRoute, bounded_body
from tests.services.problems import problem
from tests.support.eventually import eventually
from tests.support.serving import CLIENT_SECONDS, client_of, serving


class AwayError(Exception):
    pass


class Store:
    """Something that a service depends on."""

    def __init__(self) -> None:
        self.away = False

    def look(self) -> None:
        if self.away:
            raise AwayError("hunter2")


@pytest.fixture
def store() -> Store:
    return Store()


async def _upload(request: Request) -> bytes:
    return await bounded_body(request, 1000)


@pytest.fixture
def client(store: Store) -> Iterator[httpx.Client]:
    router = APIRouter(route_class=JsonRoute)

    @router.put("/uploads")
    def upload(content: Annotated[bytes, Depends(_upload)]) -> int:
        """Takes bytes."""
        return len(content)

    @router.post("/documents")
    def document(content: dict[str, int]) -> int:
        """Takes JSON."""
        return len(content)

    @router.get("/things/{id}")
    def thing(id: int) -> int:  # noqa: A002
        """Answers with the number, unless its store is away."""
        store.look()
        return id

    @router.delete("/things/{id}")
    def forget(id: int) -> int:  # noqa: A002
        """Forgets a thing."""
        return id

    @router.post("/things/all")
    def things() -> None:
        """Stands beside what fits the template."""

    @router.get("/broken")
    def broken() -> None:
        """Fails."""
        raise RuntimeError("hunter2")

    app = create_app(
        title="Things",
        description="Things.",
        routers=[router],
        dependencies=[Dependency(name="store", errors=(AwayError,), check=store.look)],
    )
    with serving(app) as url, client_of(url) as made:
        yield made


def requests(route: str, status: str, method: str = "GET") -> float:
    labels = {"method": method, "route": route, "status": status}
    # Measured after the count.
    names = ("http_request_duration_seconds_count", "http_requests_total")
    measured, counted = (REGISTRY.get_sample_value(name, labels) or 0 for name in names)
    return min(measured, counted)


@pytest.mark.parametrize("path", ["/health", "/things/health", "/a/b/health"])
def test_health_is_told_at_any_path_that_ends_so(client: httpx.Client, store: Store, path: str) -> None:
    store.away = True
    assert client.get(path).json() == {"status": "ok"}


def test_ready_while_what_it_needs_answers(client: httpx.Client, store: Store) -> None:
    assert client.get("/ready").json() == {"status": "ready"}
    store.away = True
    assert problem(client.get("/ready"), 503) == {"store": "is not available"}


def test_a_request_that_needs_what_is_away_is_told_to_come_back(client: httpx.Client, store: Store) -> None:
    store.away = True
    answer = client.get("/things/5")
    assert problem(answer, 503) == {"store": "is not available"}
    assert int(answer.headers["retry-after"]) > 0
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("path", "methods"), [("/things/5", "DELETE, GET"), ("/things/all", "POST"), ("/a/b/health", "GET")]
)
def test_a_method_that_is_not_allowed_is_answered_with_all_that_are(
    client: httpx.Client, path: str, methods: str
) -> None:
    answer = client.put(path)
    problem(answer, 405)
    assert answer.headers["allow"] == methods


def test_a_service_without_operations_has_its_probes() -> None:
    with serving(create_app(title="Worker", description="Works.")) as url:
        assert httpx.get(f"{url}/health", timeout=CLIENT_SECONDS).status_code == 200
        assert httpx.get(f"{url}/metrics", timeout=CLIENT_SECONDS).status_code == 200
        problem(httpx.get(f"{url}/ready", timeout=CLIENT_SECONDS), 404)
        assert list(httpx.get(f"{url}/openapi.json", timeout=CLIENT_SECONDS).json()["paths"]) == ["/health"]


@pytest.mark.parametrize(
    ("path", "route", "status"),
    [
        ("/things/5", "/things/{id}", 200),
        ("/things/five", "/things/{id}", 422),
        ("/broken", "/broken", 500),
        ("/nowhere", "other", 404),
        ("/things/health", "/{path:path}/health", 200),
    ],
)
def test_requests_are_counted_by_the_template_of_their_route(
    client: httpx.Client, path: str, route: str, status: int
) -> None:
    before = requests(route, str(status))
    assert client.get(path).status_code == status
    # The client has its answer before that.
    eventually(lambda: requests(route, str(status)) == before + 1)


def test_methods_that_somebody_made_up_are_counted_as_one(client: httpx.Client) -> None:
    before = requests("/things/{id}", "405", "other")
    for method in ("BREW", "WHEN"):
        assert client.request(method, "/things/5").status_code == 405
    eventually(lambda: requests("/things/{id}", "405", "other") == before + 2)


@pytest.mark.parametrize(("method", "route"), [("PUT", "/uploads"), ("POST", "/documents")])
def test_a_client_that_leaves_while_it_sends_is_no_error(
    client: httpx.Client, caplog: pytest.LogCaptureFixture, method: str, route: str
) -> None:
    counted = {status: requests(route, status, method) for status in ("none", "400", "500")}
    with caplog.at_level(logging.INFO):
        with socket.create_connection((client.base_url.host, client.base_url.port)) as connection:
            head = f"{method} {route} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            connection.sendall(f"{head}Content-Length: 500\r\n\r\n{{".encode())
        eventually(lambda: requests(route, "none", method) == counted["none"] + 1)
    assert {status: requests(route, status, method) for status in ("400", "500")} == {
        status: counted[status] for status in ("400", "500")
    }
    # Other loggers may belong to what an earlier test has left running.
    told = [record for record in caplog.records if record.name.startswith(("services.serving", "uvicorn", "asyncio"))]
    assert [record.levelname for record in told] == ["INFO"]
    assert told[0].__dict__["status"] is None


def test_metrics_are_what_prometheus_reads(client: httpx.Client) -> None:
    client.get("/things/5")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert 'http_requests_total{method="GET",route="/things/{id}",status="200"}' in answer.text
    assert (
        'http_request_duration_seconds_bucket{le="0.1",method="GET",route="/things/{id}",status="200"}' in answer.text
    )
    for name in ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"):
        assert f"\n{name} " in answer.text
    newer = client.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert newer.headers["content-type"].startswith("application/openmetrics-text")


def test_metrics_are_not_for_the_world(client: httpx.Client) -> None:
    """What comes by the load balancer bears the address of who has sent it."""
    answer = client.get("/metrics", headers={"x-forwarded-for": "203.0.113.7"})
    problem(answer, 404)
    assert "http_requests" not in answer.text


class Journal(list[str]):
    """What was started and stopped, in order."""

    def resource(self, name: str) -> Any:
        @contextmanager
        def entered() -> Iterator[None]:
            self.append(f"{name} opened")
            yield
            self.append(f"{name} closed")

        return entered()


class Recorded:
    def __init__(self, journal: Journal, name: str, *, ends: bool = True) -> None:
        self._journal = journal
        self._name = name
        self._ends = ends

    def start(self) -> None:
        self._journal.append(f"{self._name} started")

    def stop(self) -> None:
        self._journal.append(f"{self._name} stopped")

    def join(self, timeout_seconds: float) -> bool:
        assert timeout_seconds <= serving_app.TASKS_SECONDS
        self._journal.append(f"{self._name} joined")
        return self._ends


def test_tasks_run_within_the_resources_and_all_are_stopped_before_any_is_waited_for() -> None:
    journal = Journal()
    app = create_app(
        title="Worker",
        description="Works.",
        resources=[journal.resource("pool")],
        tasks=[Recorded(journal, "relay"), Recorded(journal, "consumer")],
    )
    with serving(app) as url:
        assert httpx.get(f"{url}/health", timeout=CLIENT_SECONDS).status_code == 200
        assert journal == ["pool opened", "relay started", "consumer started"]
    assert journal[3:] == ["relay stopped", "consumer stopped", "relay joined", "consumer joined", "pool closed"]


def test_a_task_that_does_not_end_is_told_and_left(caplog: pytest.LogCaptureFixture) -> None:
    journal = Journal()
    app = create_app(
        title="Worker",
        description="Works.",
        resources=[journal.resource("pool")],
        tasks=[Recorded(journal, "relay", ends=False)],
    )
    with serving(app):
        pass
    assert journal[-1] == "pool closed"
    assert "a background task did not end in time" in caplog.text
