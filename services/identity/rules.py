"""What a service asks of whoever calls it, as its environment says."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

# Signatures by a private key only: with a shared secret, whoever verifies could sign as well.
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
OFF = "off"


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TokenRules(_Rules):
    """Which JSON Web Tokens are taken.

    issuer: as it stands in `iss`, character by character. audiences: one of them must be in `aud`, or be the
    `client_id` of an access token of Cognito.
    """

    issuer: Annotated[str, StringConstraints(pattern=r"^https://[^\s/?#]+[^\s?#]*$", max_length=255)]
    audiences: Annotated[tuple[str, ...], Field(min_length=1)]
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)]


class AuthenticationRules(_Rules):
    """What is taken for a proof of identity, and how often each identity may ask."""

    api_keys: bool
    tokens: TokenRules | None
    requests_per_minute_per_key: Annotated[int, Field(ge=1)]


_RULES = TypeAdapter(AuthenticationRules)


def _parsed(value: object) -> object:
    """The rules of a text; None where it says that there are none. Raises ValueError."""
    if value == OFF:
        return None
    if not isinstance(value, str):
        return value
    try:
        return _RULES.validate_json(value)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise ValueError(f'must be "{OFF}" or the rules as JSON ({faults})') from None


AuthenticationVariable = Annotated[AuthenticationRules | None, BeforeValidator(_parsed)]
"""A variable with the rules as JSON, or `off`. It has no default: what is forgotten must not be open."""
