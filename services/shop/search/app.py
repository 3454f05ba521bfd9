"""The operations of search, and how the service is put together."""

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, FastAPI, Query, Request
from prometheus_client import Counter
from pydantic import BaseModel

from services.serving import app as serving
from services.serving.json_route import JsonRoute
from services.serving.problems import documented
from services.serving.state import PoolOfApp
from services.settings import SearchSettings
from services.shop.assembly import Assembly
from services.shop.events import PRODUCT_CREATED, handling
from services.shop.fields import Line
from services.shop.search import index
from services.shop.search.engine import Engine, EngineAwayError, IndexMissingError, Product
from services.shop.search.index import Filling

router = APIRouter(route_class=JsonRoute)

_SEARCHES = Counter("searches", "Searches, by what answered them: opensearch, postgresql.", ["engine"])
_LIMIT = 20


class EngineName(StrEnum):
    """What a search was answered by."""

    OPENSEARCH = "opensearch"
    POSTGRESQL = "postgresql"


class Found(BaseModel):
    """The best matches."""

    engine: EngineName
    items: list[Product]


def create_app(settings: SearchSettings) -> FastAPI:
    """The application. It does without OpenSearch whenever it must."""
    parts = Assembly(settings, "search")
    engine = Engine(settings.search, parts.secrets, connections=serving.THREADS)
    filling = Filling(parts.pool.connection, engine)
    handle = handling(parts.pool.connection, {PRODUCT_CREATED: index.know})
    return parts.app(
        description="Finds products.",
        router=router,
        tasks=[*parts.listening(handle), filling],
        engine=engine,
        filling=filling,
    )


@router.get("/search", responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE))
def search(
    q: Annotated[Line, Query(description="Words of a product's name.")], request: Request, pool: PoolOfApp
) -> Found:
    """Finds up to 20 products that have all of the words in their names."""
    items = _from_engine(request, q)
    engine = EngineName.OPENSEARCH
    if items is None:
        engine = EngineName.POSTGRESQL
        with pool.connection() as connection:
            items = index.find(connection, q, limit=_LIMIT)
    _SEARCHES.labels(engine).inc()
    return Found(engine=engine, items=items)


def _from_engine(request: Request, words: str) -> list[Product] | None:
    engine: Engine = request.app.state.engine
    filling: Filling = request.app.state.filling
    if not filling.complete:
        return None
    try:
        return engine.find(words, limit=_LIMIT)
    except IndexMissingError:
        filling.index_is_missing()
    except EngineAwayError:
        pass
    return None
