"""The operations of the service."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Response
from psycopg import Connection

from services import outbox
from services.serving.idempotency import IdempotencyKey, key_reused
from services.serving.json_route import JsonRoute
from services.serving.problems import ProblemError, documented
from services.serving.state import PoolOfApp, RelayOfApp
from services.tickets import store
from services.tickets.notifying import RECEIVED, payload_of
from services.tickets.schemas import Listing, Receipt, TicketPage, TicketRequest, TicketView
from services.tickets.store import Status

router = APIRouter(route_class=JsonRoute)


@router.post(
    "/tickets",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
def create_ticket(
    ticket: TicketRequest,
    pool: PoolOfApp,
    relay: RelayOfApp,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> Receipt:
    """Takes a ticket in; its chat is told of it soon after."""
    with pool.connection() as connection, connection.transaction():
        receipt = _take_in(connection, ticket, idempotency_key)
    relay.wake()
    response.headers["Location"] = f"/tickets/{receipt.id}"
    return receipt


@router.get("/tickets", responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE))
def list_tickets(listing: Annotated[Listing, Query()], pool: PoolOfApp) -> TicketPage:
    """Lists tickets, newest first."""
    with pool.connection() as connection:
        found = store.page(connection, limit=listing.limit + 1, status=listing.status, after=listing.position)
    return TicketPage.of(found, listing.limit)


@router.get(
    "/tickets/{id}",
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
)
def get_ticket(id: UUID, pool: PoolOfApp) -> TicketView:  # noqa: A002  # the parameter's public name
    """Tells how a ticket fares."""
    with pool.connection() as connection:
        found = store.find(connection, id)
    if found is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, f"there is no ticket {id}", errors={"id": "names no ticket"})
    return TicketView.model_validate(found)


def _take_in(connection: Connection[Any], ticket: TicketRequest, idempotency_key: str | None) -> Receipt:
    """Stores the ticket and its event, unless its key has been used for the same content before."""
    content = ticket.model_dump()
    ticket_id = uuid4()
    if store.insert(connection, ticket_id, **content, idempotency_key=idempotency_key):
        outbox.add(connection, RECEIVED, payload_of(ticket_id))
        return Receipt(id=ticket_id, status=Status.RECEIVED)
    first = store.find_by_key(connection, idempotency_key) if idempotency_key else None
    if first is None or {"subject": first.subject, "description": first.description, "chat": first.chat} != content:
        raise key_reused("ticket")
    return Receipt(id=first.id, status=first.status)
