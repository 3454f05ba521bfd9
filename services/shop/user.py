"""user: people register, sign in and out."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, FastAPI
from psycopg import Connection
from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from services.recipients import email_address
from services.serving.json_route import JsonRoute
from services.serving.problems import ProblemError, documented, unavailable
from services.serving.state import PoolOfApp
from services.settings import SessionSettings
from services.shop import passwords
from services.shop.access import SessionsOfApp, Token, User
from services.shop.assembly import SignedInAssembly
from services.shop.events import USER_REGISTERED, UserRegistered
from services.shop.fields import Created, Document, Line
from services.shop.sessions import LIFETIME_SECONDS
from services.text import portable

router = APIRouter(route_class=JsonRoute)

_REFUSALS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)

# RFC 5321: 64 characters, @, 255 characters. Before anything that takes longer for longer texts.
_ADDRESS_LENGTH = Field(max_length=320)


def _as_registered(value: str) -> str:
    """An address in the form in which it is stored; what is none is nobody's."""
    try:
        return email_address(value)
    except PydanticCustomError:
        return ""


class Registration(Document):
    """Somebody who wants to shop."""

    email: Annotated[str, _ADDRESS_LENGTH, AfterValidator(email_address)]
    name: Line
    password: Annotated[
        str,
        Field(min_length=passwords.MIN_CHARACTERS, max_length=passwords.MAX_CHARACTERS),
        AfterValidator(portable),
    ]


class Credentials(Document):
    """Who somebody claims to be, and the proof."""

    email: Annotated[str, _ADDRESS_LENGTH, AfterValidator(_as_registered)]
    password: Annotated[str, Field(max_length=passwords.MAX_CHARACTERS)]


class Session(BaseModel):
    """To be sent with other requests, as `Authorization: Bearer <token>`."""

    token: str
    user_id: UUID
    expires_in_seconds: int = LIFETIME_SECONDS


def create_app(settings: SessionSettings) -> FastAPI:
    """The application."""
    parts = SignedInAssembly(settings, "user")
    return parts.app(description="Who people are.", router=router, tasks=[parts.telling()])


@router.post("/users", status_code=HTTPStatus.CREATED, responses=documented(HTTPStatus.CONFLICT, *_REFUSALS))
def register(content: Registration, pool: PoolOfApp) -> Created:
    """Registers somebody under an address that nobody has yet."""
    user_id = uuid4()
    with _waiting_no_longer():
        digest = passwords.digest(content.password)
    with pool.connection() as connection, connection.transaction():
        if not _insert(connection, user_id, content, digest):
            raise ProblemError(
                HTTPStatus.CONFLICT,
                "somebody has registered with this address",
                errors={"email": "is registered: sign in by POST /sessions, or use another address"},
            )
        UserRegistered(user_id=user_id, email=content.email, name=content.name).tell(connection, USER_REGISTERED)
    return Created(id=user_id)


@router.post("/sessions", status_code=HTTPStatus.CREATED, responses=documented(HTTPStatus.UNAUTHORIZED, *_REFUSALS))
def sign_in(credentials: Credentials, pool: PoolOfApp, sessions: SessionsOfApp) -> Session:
    """Begins a session."""
    with pool.connection() as connection:
        known = _find(connection, credentials.email)
    with _waiting_no_longer():
        user_id, digest = known or (None, passwords.nobodys())
        proven = passwords.matches(credentials.password, digest)
    if not proven or user_id is None:
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "no user has this address and this password")
    return Session(token=sessions.begin(user_id), user_id=user_id)


@router.delete(
    "/sessions",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(HTTPStatus.UNAUTHORIZED, HTTPStatus.SERVICE_UNAVAILABLE),
)
def sign_out(_: User, token: Token, sessions: SessionsOfApp) -> None:
    """Ends the session whose token is sent."""
    sessions.end(token)


@contextmanager
def _waiting_no_longer() -> Iterator[None]:
    try:
        yield
    except passwords.TooManyAtOnceError:
        raise unavailable("too many people register or sign in at this moment") from None


def _insert(connection: Connection[Any], user_id: UUID, content: Registration, digest: str) -> bool:
    cursor = connection.execute(
        "INSERT INTO users (id, email, name, password_digest) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (user_id, content.email, content.name, digest),
    )
    return cursor.rowcount == 1


def _find(connection: Connection[Any], email: str) -> tuple[UUID, str] | None:
    row: tuple[UUID, str] | None = connection.execute(
        "SELECT id, password_digest FROM users WHERE lower(email) = lower(%s)", (email,)
    ).fetchone()
    return row
