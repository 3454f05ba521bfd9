"""The operations of the API."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services import store
from services.api.schemas import (
    Listing,
    NotificationPage,
    NotificationView,
    Receipt,
    ReplayReceipt,
    ReplayRequest,
)
from services.identity.route import AuthenticatedRoute, OwnerOfRequest
from services.intake import Intake, KeyReusedError
from services.messages import Content
from services.replay import replay, replay_failed
from services.serving.idempotency import IdempotencyKey, key_reused
from services.serving.problems import ProblemError, documented
from services.serving.state import PoolOfApp, RelayOfApp

router = APIRouter(route_class=AuthenticatedRoute)
_WITH_BODY = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


@router.post(
    "/notifications",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(*_WITH_BODY),
)
def create_notification(
    content: Content,
    *,
    pool: PoolOfApp,
    relay: RelayOfApp,
    owner: OwnerOfRequest,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> Receipt:
    """Takes a notification in; it is delivered soon after."""
    try:
        accepted = Intake(pool.connection).accept(content, idempotency_key, owner=owner)
    except KeyReusedError:
        raise key_reused("notification") from None
    relay.wake()
    response.headers["Location"] = f"/notifications/{accepted.id}"
    return Receipt(id=accepted.id, status=accepted.status)


@router.get(
    "/notifications",
    responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
)
def list_notifications(
    listing: Annotated[Listing, Query()], pool: PoolOfApp, owner: OwnerOfRequest
) -> NotificationPage:
    """Lists the caller's notifications, newest first."""
    with pool.connection() as connection:
        found = store.page(
            connection,
            limit=listing.limit + 1,
            status=listing.status,
            channel=listing.channel,
            owner=owner,
            after=listing.position,
        )
    return NotificationPage.of(found, listing.limit)


@router.get(
    "/notifications/{id}",
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
)
def get_notification(id: UUID, pool: PoolOfApp, owner: OwnerOfRequest) -> NotificationView:  # noqa: A002  # the parameter's public name
    """Tells how a notification of the caller's fares."""
    with pool.connection() as connection:
        found = store.find(connection, id, owner=owner)
    if found is None:
        raise _unknown(id)
    return NotificationView.model_validate(found)


@router.post("/notifications/replay", status_code=HTTPStatus.ACCEPTED, responses=documented(*_WITH_BODY))
def replay_notifications(
    request: ReplayRequest, pool: PoolOfApp, relay: RelayOfApp, owner: OwnerOfRequest
) -> ReplayReceipt:
    """Queues the caller's failed notifications again, the oldest first. Repeating it leaves alone what is queued."""
    try:
        with pool.connection() as connection:
            replayed = replay_failed(connection, request.selection(owner), request.limit)
    finally:
        # What was queued before an error stays so.
        relay.wake()
    return ReplayReceipt(replayed=len(replayed.ids), ids=replayed.ids, more=replayed.more)


@router.post(
    "/notifications/{id}/replay",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
)
def replay_notification(
    id: UUID,  # noqa: A002  # the parameter's public name
    pool: PoolOfApp,
    relay: RelayOfApp,
    owner: OwnerOfRequest,
) -> Receipt:
    """Queues a notification again if it has failed; tells how it stands. Repeating it changes nothing."""
    with pool.connection() as connection:
        status = replay(connection, id, owner=owner)
    if status is None:
        raise _unknown(id)
    relay.wake()
    return Receipt(id=id, status=status)


def _unknown(notification_id: UUID) -> ProblemError:
    return ProblemError(
        HTTPStatus.NOT_FOUND,
        f"there is no notification {notification_id}",
        errors={"id": "names no notification"},
    )
