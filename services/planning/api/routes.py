"""The operations of the API."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request, Response

from services.planning.api.schemas import Receipt, ScheduleRequest, ScheduleView
from services.planning.store import schedules
from services.read_cache import ReadCache
from services.serving.idempotency import IdempotencyKey, key_reused
from services.serving.json_route import JsonRoute
from services.serving.problems import ProblemError, documented
from services.serving.state import PoolOfApp

router = APIRouter(route_class=JsonRoute)


def _cache(request: Request) -> ReadCache:
    cache: ReadCache = request.app.state.cache
    return cache


CacheOfApp = Annotated[ReadCache, Depends(_cache)]


@router.post(
    "/schedules",
    status_code=HTTPStatus.CREATED,
    responses=documented(
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
def create_schedule(
    content: ScheduleRequest, pool: PoolOfApp, response: Response, idempotency_key: IdempotencyKey = None
) -> Receipt:
    """Takes a schedule in; what is due at once is sent within seconds."""
    with pool.connection() as connection:
        schedule_id = schedules.insert(connection, content.named(uuid4()), idempotency_key)
    if schedule_id is None:
        raise key_reused("schedule")
    response.headers["Location"] = f"/schedules/{schedule_id}"
    return Receipt(id=schedule_id)


@router.get(
    "/schedules/{id}",
    response_model=ScheduleView,
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
)
def get_schedule(id: UUID, pool: PoolOfApp, cache: CacheOfApp) -> Response:  # noqa: A002  # the parameter's public name
    """Tells how a schedule and its notifications fare; what happened in the last second may not show yet."""
    document = cache.get(str(id))
    if document is None:
        with pool.connection() as connection:
            found = schedules.find(connection, id)
        if found is None:
            raise _unknown(id)
        document = ScheduleView.of(*found).model_dump_json()
        cache.put(str(id), document)
    return Response(document, media_type="application/json")


@router.delete(
    "/schedules/{id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
)
def delete_schedule(id: UUID, pool: PoolOfApp, cache: CacheOfApp) -> None:  # noqa: A002  # the parameter's public name
    """Calls a schedule off, with what has not been sent of it. It can still be read, as cancelled."""
    with pool.connection() as connection:
        found = schedules.cancel(connection, id)
    if not found:
        raise _unknown(id)
    cache.invalidate(str(id))


def _unknown(schedule_id: UUID) -> ProblemError:
    return ProblemError(HTTPStatus.NOT_FOUND, f"there is no schedule {schedule_id}", errors={"id": "names no schedule"})
