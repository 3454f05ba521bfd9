"""OpenSearch, as far as it answers."""

import logging
import ssl
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from opensearchpy import OpenSearch
from opensearchpy.exceptions import (
    AuthenticationException,
    AuthorizationException,
    NotFoundError,
    OpenSearchException,
)
from pydantic import BaseModel, TypeAdapter, ValidationError

from services.circuit import Circuit
from services.secret_values import SecretUnavailableError, SecretValues
from services.settings import SearchServer

logger = logging.getLogger(__name__)

T = TypeVar("T")

_INDEX = "products"
_MAPPINGS = {"properties": {"name": {"type": "text"}, "price_cents": {"type": "long"}}}
# What a search can afford before it goes to PostgreSQL instead, and what filling the index can.
_SEARCH_SECONDS = 1
_FILL_SECONDS = 8
# For so long an engine that failed is left alone.
_PAUSE_SECONDS = 30


class EngineAwayError(Exception):
    """OpenSearch does not answer, or not as it should; or it did not a moment ago, and was not asked again."""


class IndexMissingError(Exception):
    """OpenSearch is there, but has no index: it is new, or was emptied."""


class Product(BaseModel):
    """What can be found."""

    id: UUID
    name: str
    price_cents: int


_PRODUCTS = TypeAdapter(list[Product])


class Engine:
    """A client that re-reads its password when it is refused. Safe to share between threads."""

    def __init__(self, server: SearchServer, secrets: SecretValues, *, connections: int) -> None:
        self._server = server
        self._secrets = secrets
        self._connections = connections
        self._circuit = Circuit(pause_seconds=_PAUSE_SECONDS)
        self._client: OpenSearch | None = None

    def find(self, words: str, *, limit: int) -> list[Product]:
        """Up to `limit` products with all of the words, the best first; slips of the pen are forgiven.

        Raises EngineAwayError and IndexMissingError.
        """
        query = {"match": {"name": {"query": words, "operator": "and", "fuzziness": "AUTO"}}}
        answer = self._ask(
            lambda client: client.search(
                index=_INDEX, body={"query": query, "size": limit}, params={"request_timeout": _SEARCH_SECONDS}
            )
        )
        return self._read(lambda: _PRODUCTS.validate_python([hit["_source"] for hit in answer["hits"]["hits"]]))

    def has_index(self) -> bool:
        """Whether the index is there. Raises EngineAwayError."""
        return self._ask(
            lambda client: bool(client.indices.exists(index=_INDEX, params={"request_timeout": _FILL_SECONDS}))
        )

    def make_index(self) -> None:
        """Makes the index, empty, unless it is there by now. Raises EngineAwayError."""
        # 400: another task of the service was faster.
        params = {"request_timeout": _FILL_SECONDS, "ignore": 400}
        self._ask(lambda client: client.indices.create(index=_INDEX, body={"mappings": _MAPPINGS}, params=params))

    def put(self, products: Sequence[Product]) -> set[UUID]:
        """Puts the products into the index; returns the ids of those it took.

        Raises EngineAwayError and IndexMissingError.
        """
        lines: list[dict[str, Any]] = []
        for product in products:
            lines += [{"index": {"_id": str(product.id)}}, product.model_dump(mode="json")]
        answer = self._ask(
            lambda client: client.bulk(index=_INDEX, body=lines, params={"request_timeout": _FILL_SECONDS})
        )
        return self._read(
            lambda: {UUID(item["index"]["_id"]) for item in answer["items"] if item["index"]["status"] < 300}  # noqa: PLR2004
        )

    def _ask(self, question: Callable[[OpenSearch], T]) -> T:
        if self._circuit.open:
            raise EngineAwayError
        try:
            try:
                return question(self._connected(fresh=False))
            except (AuthenticationException, AuthorizationException):
                return question(self._connected(fresh=True))
        except NotFoundError:
            raise IndexMissingError from None
        except (OpenSearchException, SecretUnavailableError) as error:
            raise self._away(error) from None

    def _read(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except (LookupError, TypeError, ValueError, ValidationError) as error:
            # Something answers there that is no OpenSearch.
            raise self._away(error) from None

    def _away(self, error: Exception) -> EngineAwayError:
        self._circuit.fail()
        logger.warning(
            "goes on without OpenSearch", extra={"reason": type(error).__name__, "pause_seconds": _PAUSE_SECONDS}
        )
        return EngineAwayError()

    def _connected(self, *, fresh: bool) -> OpenSearch:
        if self._client is None or fresh:
            username, password = self._secrets.fields(
                self._server.search_secret_arn, "username", "password", fresh=fresh
            )
            self._client = OpenSearch(
                hosts=[str(self._server.search_url)],
                http_auth=(username, password),
                ssl_context=ssl.create_default_context(),
                pool_maxsize=self._connections,
                max_retries=0,
            )
        return self._client
