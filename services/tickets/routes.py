"""The operations of the service."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Query, Request, Response

from services import outbox
from services.outbox import Relay
from services.pool import Pool
from services.serving.json_route import JsonRoute
from services.serving.problems import ProblemError, documented
from services.tickets import store
from services.tickets.notifying import RECEIVED, payload_of
from services.tickets.schemas import Listing, Receipt, TicketPage, TicketRequest, TicketView
from services.tickets.store import Status

router = APIRouter(route_class=JsonRoute)


def _pool(request: Request) -> Pool:
    pool: Pool = request.app.state.pool
    return pool


def _relay(request: Request) -> Relay:
    relay: Relay = request.app.state.relay
    return relay


PoolOfApp = Annotated[Pool, Depends(_pool)]
RelayOfApp = Annotated[Relay, Depends(_relay)]


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
def create_ticket(ticket: TicketRequest, pool: PoolOfApp, relay: RelayOfApp, response: Response) -> Receipt:
    """Takes a ticket in; its chat is told of it soon after."""
    ticket_id = uuid4()
    with pool.connection() as connection, connection.transaction():
        store.insert(connection, ticket_id, subject=ticket.subject, description=ticket.description, chat=ticket.chat)
        outbox.add(connection, RECEIVED, payload_of(ticket_id))
    relay.wake()
    response.headers["Location"] = f"/tickets/{ticket_id}"
    return Receipt(id=ticket_id, status=Status.RECEIVED)


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
