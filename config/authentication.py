"""Who may ask a service, and how often."""

from typing import Annotated, Literal

from pydantic import Field

from config.section import Section

PROGRAMS = frozenset({"api"})
"""Programs that ask for a proof of identity: those whose settings read `AUTHENTICATION`."""


class TokensConfig(Section):
    """JSON Web Tokens of an OIDC issuer, such as Amazon Cognito, whose access tokens name no audience but a client."""

    issuer: str = Field(pattern=r"^https://[^\s/?#]+[^\s?#]*$", max_length=255)
    """The issuer as its tokens and its discovery document name it, character by character."""
    audiences: tuple[Annotated[str, Field(min_length=1, max_length=255)], ...] = Field(min_length=1, max_length=20)
    """Audiences (`aud`), or with Cognito ids of app clients (`client_id`), one of which a token must be for."""
    algorithms: tuple[
        Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"], ...
    ] = Field(default=("RS256",), min_length=1)
    """Signatures that are taken; all of them by a private key that only the issuer has."""


class AuthenticationConfig(Section):
    """What a service takes for a proof of identity: API keys of its own, tokens of an issuer, or both."""

    api_keys: bool = True
    """Whether API keys are taken, which a function of the Api stack makes, lists and revokes."""
    tokens: TokensConfig | None = None
    """Whose tokens are taken; None takes none."""
    requests_per_minute_per_key: int = Field(default=600, ge=1, le=1_000_000)
    """Requests in a minute that each key, or each subject of tokens, may make, over all tasks together."""
