"""JSON Web Tokens of an OIDC issuer (RFC 7519, RFC 9068), access tokens of Amazon Cognito among them."""

import hashlib
from typing import Any

import jwt
from jwt.exceptions import (
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidIssuerError,
    InvalidSignatureError,
    MissingRequiredClaimError,
    PyJWTError,
)

from services.identity.issuer import SigningKeys
from services.identity.principal import Principal
from services.identity.rules import TokenRules

LEEWAY_SECONDS = 30
"""By so much the clocks of issuer and service may differ."""
MOST_CHARACTERS = 8192
# OpenID Connect Core 1.0, section 2.
_MOST_SUBJECT_CHARACTERS = 255
# What may be told of a fault: each is of our own wording, since those of the library can quote the token.
_TOLD: dict[type[Exception], str] = {
    ExpiredSignatureError: "the token has expired",
    ImmatureSignatureError: "the token is not valid yet",
    InvalidIssuerError: "the token is of another issuer",
    InvalidSignatureError: "the token's signature is not its issuer's",
    MissingRequiredClaimError: "the token lacks one of exp, iss and sub",
}


class TokenInvalidError(Exception):
    """The token proves nothing; the text says why and repeats nothing of it."""


class Tokens:
    """Verifies tokens by the issuer's keys. Safe between threads."""

    def __init__(self, rules: TokenRules, keys: SigningKeys) -> None:
        self._rules = rules
        self._keys = keys

    def principal(self, token: str) -> Principal:
        """Whose token it is. Raises TokenInvalidError and IssuerUnavailableError."""
        if len(token) > MOST_CHARACTERS:
            raise TokenInvalidError(f"the token is longer than {MOST_CHARACTERS} characters")
        try:
            claims = self._claims(token)
        except (PyJWTError, ValueError, RecursionError, TypeError) as error:
            raise TokenInvalidError(_TOLD.get(type(error), "the token is not valid")) from None
        self._require_audience(claims)
        subject = claims["sub"]
        if not isinstance(subject, str) or not 1 <= len(subject) <= _MOST_SUBJECT_CHARACTERS:
            raise TokenInvalidError("the token's sub is no text of 1 to 255 characters")
        # Of one length, and no personal data in an index.
        owner = "token:" + hashlib.sha256(f"{self._rules.issuer}\n{subject}".encode(errors="replace")).hexdigest()
        return Principal(owner=owner, subject=owner)

    def _claims(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        algorithm, key_id = header.get("alg"), header.get("kid")
        # Before the key is looked for: neither `none` nor a shared secret is worth a request to the issuer.
        if algorithm not in self._rules.algorithms:
            raise TokenInvalidError("the token is signed by an algorithm that is not taken")
        if not isinstance(key_id, str):
            raise TokenInvalidError("the token does not name its key")
        key = self._keys.key(key_id)
        if key is None:
            raise TokenInvalidError("the token's key is not its issuer's")
        return jwt.decode(
            token,
            key=key.key,
            algorithms=list(self._rules.algorithms),
            issuer=self._rules.issuer,
            leeway=LEEWAY_SECONDS,
            # The audience is looked at below: Cognito's access tokens have none.
            options={"require": ["exp", "iss", "sub"], "verify_aud": False},
        )

    def _require_audience(self, claims: dict[str, Any]) -> None:
        use = claims.get("token_use")
        if use not in (None, "access"):
            # Cognito's word for a token that tells an application who has signed in.
            raise TokenInvalidError("the token is no access token")
        audience = claims.get("aud", claims.get("client_id") if use == "access" else None)
        found = audience if isinstance(audience, list) else [audience]
        if not any(isinstance(each, str) and each in self._rules.audiences for each in found):
            raise TokenInvalidError("the token is for another audience")
