"""The operations of the API."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services import store
from services.api.schemas import Listing, NotificationPage, NotificationView, Receipt
from services.intake import Intake, KeyReusedError
from services.messages import Content
from services.serving.idempotency import IdempotencyKey, key_reused
from services.serving.json_route import JsonRoute
from services.serving.problems import ProblemError, documented
from services.serving.state import PoolOfApp, RelayOfApp

router = APIRouter(route_class=JsonRoute)


@router.post(
    "/notifications",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
def create_notification(
    content: Content,
    pool: PoolOfApp,
    relay: RelayOfApp,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> Receipt:
    """Takes a notification in; it is delivered soon after."""
    try:
        accepted = Intake(pool.connection).accept(content, idempotency_key)
    except KeyReusedError:
        raise key_reused("notification") from None
    relay.wake()
    response.headers["Location"] = f"/notifications/{accepted.id}"
    return Receipt(id=accepted.id, status=accepted.status)


@router.get(
    "/notifications",
    responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
)
def list_notifications(listing: Annotated[Listing, Query()], pool: PoolOfApp) -> NotificationPage:
    """Lists notifications, newest first."""
    with pool.connection() as connection:
        found = store.page(
            connection,
            limit=listing.limit + 1,
            status=listing.status,
            channel=listing.channel,
            after=listing.position,
        )
    return NotificationPage.of(found, listing.limit)


@router.get(
    "/notifications/{id}",
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
)
def get_notification(id: UUID, pool: PoolOfApp) -> NotificationView:  # noqa: A002  # the parameter's public name
    """Tells how a notification fares."""
    with pool.connection() as connection:
        found = store.find(connection, id)
    if found is None:
        raise ProblemError(
            HTTPStatus.NOT_FOUND, f"there is no notification {id}", errors={"id": "names no notification"}
        )
    return NotificationView.model_validate(found)
