"""What the operations of all services get at: their database, and who is asking."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.serving.problems import ProblemError
from services.shop.sessions import Sessions

_BEARER = HTTPBearer(auto_error=False, description="The token of a session, from POST /sessions.")


def sessions_of(request: Request) -> Sessions:
    """The sessions that all services share."""
    sessions: Sessions = request.app.state.sessions
    return sessions


def _token(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> str:
    if credentials is None:
        raise _unauthorized("is missing: send Bearer and the token of POST /sessions")
    return credentials.credentials


def _user(token: Annotated[str, Depends(_token)], sessions: Annotated[Sessions, Depends(sessions_of)]) -> UUID:
    user_id = sessions.user_of(token)
    if user_id is None:
        raise _unauthorized("holds no token of a running session: sign in again by POST /sessions")
    return user_id


def _unauthorized(reason: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "this needs a session",
        errors={"Authorization": reason},
        headers={"WWW-Authenticate": "Bearer"},
    )


SessionsOfApp = Annotated[Sessions, Depends(sessions_of)]
Token = Annotated[str, Depends(_token)]
User = Annotated[UUID, Depends(_user)]
"""The id of the user who is signed in; anybody else is answered with 401."""
