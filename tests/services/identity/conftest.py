"""The API behind its gate: keys made as an operator makes them, and an OIDC issuer on loopback over TLS."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import httpx
import pytest

from services.api.app import create_app
from services.identity import key_store
from services.settings import ApiSettings
from tests.services.conftest import *  # noqa: F403  # the fixtures of all services
from tests.services.identity.issuing import Issuer
from tests.support.postgres import TestDatabase
from tests.support.receiver import Receiver
from tests.support.serving import client_of, serving

Serve = Callable[..., AbstractContextManager[httpx.Client]]
NewKey = Callable[..., tuple[str, str]]


@pytest.fixture
def serve(api_environment: dict[str, str]) -> Serve:
    """Serves the API with rules of authentication; beside keys, those that are given."""

    @contextmanager
    def served(**rules: Any) -> Iterator[httpx.Client]:
        given = {"api_keys": True, "tokens": None, "requests_per_minute_per_key": 1000} | rules
        settings = ApiSettings.from_environment({**api_environment, "AUTHENTICATION": json.dumps(given)})
        with serving(create_app(settings)) as url, client_of(url) as client:
            yield client

    return served


@pytest.fixture
def guarded(serve: Serve) -> Iterator[httpx.Client]:
    """A client, without a key, of the API that takes keys."""
    with serve() as client:
        yield client


@pytest.fixture
def new_key(database: TestDatabase) -> NewKey:
    """Makes a key; returns what its bearer sends, and its id."""

    def make(name: str = "shop", **options: Any) -> tuple[str, str]:
        with database.connect() as connection:
            key, _ = key_store.create(connection, name, **options)
        return key.text, key.id

    return make


@pytest.fixture
def issuer(receiver: Receiver) -> Issuer:
    """An issuer that is trusted by its certificate, with one key."""
    return Issuer(receiver)
