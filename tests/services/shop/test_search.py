"""Finding products, with OpenSearch and without."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest

from services.shop.events import PRODUCT_CREATED, Connections, ProductCreated, handling
from services.shop.search import index
from tests.services.problems import problem
from tests.services.shop.conftest import Environment, Serve, served
from tests.services.shop.engine import FakeEngine, running_engine
from tests.services.shop.facts import event
from tests.support.emulator import Aws
from tests.support.eventually import eventually
from tests.support.postgres import TestDatabase


@pytest.fixture
def create(connections: Callable[[str], Connections]) -> Callable[[str], UUID]:
    """Tells the search of a product."""
    handle = handling(connections("search"), {PRODUCT_CREATED: index.know})

    def create(name: str) -> UUID:
        product = ProductCreated(product_id=uuid4(), user_id=uuid4(), name=name, price_cents=100)
        handle(event(PRODUCT_CREATED, product))
        return product.product_id

    return create


@pytest.fixture
def engine(certificate: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with running_engine(*certificate) as engine:
        yield engine


@pytest.fixture
def engine_secret(engine: FakeEngine, aws: Aws) -> str:
    return aws.secret({"username": engine.username, "password": engine.password})


@pytest.fixture
def with_engine(
    engine: FakeEngine,
    engine_secret: str,
    environment: Environment,
    databases: dict[str, TestDatabase],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Serve]:
    # A search that is slow by itself would have the engine left alone for as long as the tests wait.
    monkeypatch.setattr("services.shop.search.engine._SEARCH_SECONDS", 10)
    variables = environment | {"SEARCH_URL": engine.url, "SEARCH_SECRET_ARN": engine_secret}
    with served(databases, variables) as serve:
        yield serve


def search(client: httpx.Client, words: str) -> tuple[str, list[str]]:
    answer = client.get("/search", params={"q": words})
    assert answer.status_code == 200, answer.text
    return answer.json()["engine"], [each["name"] for each in answer.json()["items"]]


def await_engine(client: httpx.Client, words: str, expected: tuple[str, list[str]]) -> None:
    eventually(lambda: search(client, words) == expected)


def test_postgresql_finds_by_all_words_whatever_their_case(alone: Serve, create: Callable[[str], UUID]) -> None:
    client = alone("search")
    for name in ("Copper kettle", "Kettle", "Copper pan"):
        create(name)
    assert search(client, "KETTLE copper") == ("postgresql", ["Copper kettle"])
    assert search(client, "copper") == ("postgresql", ["Copper kettle", "Copper pan"])
    # As OpenSearch understands them: words, all of them, whatever stands between.
    assert search(client, '"pan, copper"') == ("postgresql", ["Copper pan"])
    assert search(client, "-copper kettle") == ("postgresql", ["Copper kettle"])
    assert search(client, "kettle or pan") == ("postgresql", [])
    assert search(client, "teapot") == ("postgresql", [])
    assert search(client, "'; DROP TABLE products; --") == ("postgresql", [])


@pytest.mark.parametrize("words", ["", "   ", "a\0b", "x" * 201])
def test_a_search_for_nothing_is_refused(alone: Serve, words: str) -> None:
    assert set(problem(alone("search").get("/search", params={"q": words}), 422)) == {"q"}
    problem(alone("search").get("/search"), 422)


def test_a_product_that_comes_twice_is_found_once(alone: Serve, connections: Callable[[str], Connections]) -> None:
    product = ProductCreated(product_id=uuid4(), user_id=uuid4(), name="Kettle", price_cents=100)
    for _ in range(2):
        with connections("search")() as connection:
            index.know(connection, event(PRODUCT_CREATED, product))
    assert search(alone("search"), "kettle") == ("postgresql", ["Kettle"])


def test_opensearch_is_filled_and_then_asked(
    with_engine: Serve, engine: FakeEngine, create: Callable[[str], UUID]
) -> None:
    first = create("Copper kettle")
    client = with_engine("search")
    await_engine(client, "kettle", ("opensearch", ["Copper kettle"]))
    assert set(engine.documents) == {str(first)}
    assert engine.mappings["properties"]["name"] == {"type": "text"}
    create("Tin kettle")
    await_engine(client, "kettle", ("opensearch", ["Copper kettle", "Tin kettle"]))


def test_an_absent_engine_costs_one_attempt_and_not_one_per_search(
    with_engine: Serve, engine: FakeEngine, create: Callable[[str], UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    create("Kettle")
    client = with_engine("search")
    await_engine(client, "kettle", ("opensearch", ["Kettle"]))
    monkeypatch.setattr("services.shop.search.engine._SEARCH_SECONDS", 1)
    engine.seconds = 3
    assert search(client, "kettle") == ("postgresql", ["Kettle"])
    asked = len(engine.requests)
    for _ in range(5):
        assert search(client, "kettle") == ("postgresql", ["Kettle"])
    assert len(engine.requests) == asked


def test_an_engine_that_comes_back_is_asked_again(
    with_engine: Serve, engine: FakeEngine, create: Callable[[str], UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.shop.search.engine._PAUSE_SECONDS", 0.5)
    create("Kettle")
    engine.status = 503
    client = with_engine("search")
    assert search(client, "kettle") == ("postgresql", ["Kettle"])
    engine.status = 200
    await_engine(client, "kettle", ("opensearch", ["Kettle"]))


def test_an_engine_that_lost_its_index_is_filled_anew(
    with_engine: Serve, engine: FakeEngine, create: Callable[[str], UUID]
) -> None:
    create("Kettle")
    client = with_engine("search")
    await_engine(client, "kettle", ("opensearch", ["Kettle"]))
    engine.lose_everything()
    assert search(client, "kettle") == ("postgresql", ["Kettle"])
    await_engine(client, "kettle", ("opensearch", ["Kettle"]))


def test_an_index_that_could_not_be_prepared_is_not_taken_for_full(
    with_engine: Serve, engine: FakeEngine, create: Callable[[str], UUID], databases: dict[str, TestDatabase]
) -> None:
    create("Kettle")
    client = with_engine("search")
    await_engine(client, "kettle", ("opensearch", ["Kettle"]))
    database = databases["search"]
    with database.connect() as other, other.transaction():
        other.execute("SELECT FROM products FOR UPDATE")
        engine.lose_everything()
        assert search(client, "kettle") == ("postgresql", ["Kettle"])
        (session,) = eventually(database.waiting)
        database.rows(f"SELECT pg_terminate_backend({session})")
        eventually(lambda: session not in database.waiting())
    await_engine(client, "kettle", ("opensearch", ["Kettle"]))


def test_what_another_task_put_into_the_lost_index_is_put_into_the_new_one(
    with_engine: Serve, create: Callable[[str], UUID], databases: dict[str, TestDatabase]
) -> None:
    create("Kettle")
    database = databases["search"]
    with database.connect() as other, other.transaction():
        other.execute("UPDATE products SET in_engine = TRUE")
        client = with_engine("search")
        eventually(database.waiting)
    await_engine(client, "kettle", ("opensearch", ["Kettle"]))


def test_while_another_task_puts_the_last_products_the_index_is_not_full(
    with_engine: Serve, engine: FakeEngine, create: Callable[[str], UUID], databases: dict[str, TestDatabase]
) -> None:
    create("Kettle")
    with databases["search"].connect() as other, other.transaction():
        other.execute("SELECT FROM products FOR UPDATE")
        engine.has_index = True
        client = with_engine("search")
        asked = len(engine.requests)
        # It has looked twice by then.
        eventually(lambda: len(engine.requests) > asked + 1 or None)
        assert search(client, "kettle") == ("postgresql", ["Kettle"])
    await_engine(client, "kettle", ("opensearch", ["Kettle"]))


def test_what_the_engine_does_not_take_is_found_by_postgresql(
    with_engine: Serve, engine: FakeEngine, create: Callable[[str], UUID]
) -> None:
    engine.refused.add(str(create("Kettle")))
    client = with_engine("search")
    eventually(lambda: any(urlsplit(path).path.endswith("_bulk") for _, path in engine.requests))
    assert search(client, "kettle") == ("postgresql", ["Kettle"])
    engine.refused.clear()
    await_engine(client, "kettle", ("opensearch", ["Kettle"]))


def test_a_rotated_password_is_read_anew(
    with_engine: Serve, engine: FakeEngine, engine_secret: str, create: Callable[[str], UUID], aws: Aws
) -> None:
    create("Kettle")
    client = with_engine("search")
    await_engine(client, "kettle", ("opensearch", ["Kettle"]))
    engine.password = uuid4().hex
    rotated = json.dumps({"username": engine.username, "password": engine.password})
    aws.secrets.put_secret_value(SecretId=engine_secret, SecretString=rotated)
    assert search(client, "kettle") == ("opensearch", ["Kettle"])


def test_something_else_at_that_address_is_no_engine(
    with_engine: Serve, engine: FakeEngine, create: Callable[[str], UUID]
) -> None:
    create("Kettle")
    engine.gibberish = True
    client = with_engine("search")
    time.sleep(0.5)
    assert search(client, "kettle") == ("postgresql", ["Kettle"])
