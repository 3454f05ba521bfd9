"""Lets requests pass whose sender has proven an identity, as often as it may."""

from http import HTTPStatus
from types import TracebackType
from typing import Self

from prometheus_client import Counter
from starlette.datastructures import Headers

from services.identity.api_keys import PREFIX, ApiKey
from services.identity.asking import TakeConnection
from services.identity.issuer import IssuerUnavailableError, SigningKeys
from services.identity.known_keys import KeyInvalidError, KnownKeys
from services.identity.principal import Principal
from services.identity.rates import Rates
from services.identity.rules import AuthenticationRules
from services.identity.tokens import TokenInvalidError, Tokens
from services.serving.problems import ProblemError, unavailable

KEY_HEADER = "X-API-Key"
_REALM = 'Bearer realm="api"'
_OUTCOMES = Counter(
    "authentications", "Requests by what came of their authentication: admitted, refused, limited, away.", ["outcome"]
)


class Gate:
    """Admits requests by their headers. A context manager; safe between threads.

    rules: None lets everybody pass, as nobody in particular.
    """

    def __init__(self, rules: AuthenticationRules | None, connection: TakeConnection) -> None:
        self.rules = rules
        self._keys = KnownKeys(connection) if rules and rules.api_keys else None
        self._signing = SigningKeys(rules.tokens.issuer) if rules and rules.tokens else None
        self._tokens = Tokens(rules.tokens, self._signing) if rules and rules.tokens and self._signing else None
        self._rates = Rates(connection, rules.requests_per_minute_per_key) if rules else None

    def __enter__(self) -> Self:
        """Nothing is opened before it is needed."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes connections to the issuer."""
        if self._signing is not None:
            self._signing.close()

    def admit(self, headers: Headers) -> Principal | None:
        """Who sends the request; None where everybody may.

        Raises ProblemError: 401 without a proof, or with one that does not hold; 429 beyond the rate; 503 while the
        issuer is away. Raises what the connection raises.
        """
        if self._rates is None:
            return None
        try:
            principal = self._principal(_credential(headers))
        except (KeyInvalidError, TokenInvalidError) as error:
            _OUTCOMES.labels("refused").inc()
            raise _unauthorized(str(error), error="invalid_token") from None
        except IssuerUnavailableError:
            _OUTCOMES.labels("away").inc()
            raise unavailable("the token's issuer is not available", "issuer") from None
        if seconds := self._rates.take(principal):
            _OUTCOMES.labels("limited").inc()
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"more than {self.rules.requests_per_minute_per_key if self.rules else 0} requests in a minute; "
                f"try again in {seconds} seconds",
                headers={"Retry-After": str(seconds)},
            )
        _OUTCOMES.labels("admitted").inc()
        return principal

    def _principal(self, credential: str) -> Principal:
        if credential.startswith(PREFIX):
            key = ApiKey.parsed(credential)
            if self._keys is None or key is None:
                raise KeyInvalidError("the API key is not known" if self._keys else "API keys are not taken here")
            return self._keys.principal(key)
        if self._tokens is None:
            raise KeyInvalidError("the API key is not known")
        return self._tokens.principal(credential)


def _credential(headers: Headers) -> str:
    """What is sent as proof. Raises ProblemError unless it is one thing, sent in one way."""
    bearers, keys = headers.getlist("authorization"), headers.getlist(KEY_HEADER)
    if len(bearers) + len(keys) > 1:
        raise _unauthorized(f"send either Authorization or {KEY_HEADER}, once", error="invalid_request")
    if keys:
        if not keys[0].startswith(PREFIX):
            raise _unauthorized("the API key is not known", error="invalid_token")
        return keys[0]
    scheme, _, credential = (bearers[0] if bearers else "").partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        _OUTCOMES.labels("refused").inc()
        raise _unauthorized(f"send Authorization: Bearer with an API key or a token, or {KEY_HEADER} with an API key")
    return credential.strip()


def _unauthorized(detail: str, *, error: str | None = None) -> ProblemError:
    """The challenge says what a client can act on (RFC 6750, section 3); without a proof, no more than the scheme."""
    challenge = _REALM if error is None else f'{_REALM}, error="{error}", error_description="{detail}"'
    return ProblemError(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": challenge})
