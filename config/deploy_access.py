"""Who may deploy without a long-lived key: workflows of one repository, in one of its environments."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from config.section import Section

_PROVIDER_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/token\.actions\.githubusercontent\.com")


def _is_provider_arn(value: str) -> str:
    if not _PROVIDER_ARN.fullmatch(value):
        message = (
            "not the ARN of GitHub's identity provider; allowed: "
            "arn:aws:iam::ACCOUNT:oidc-provider/token.actions.githubusercontent.com"
        )
        raise ValueError(message)
    return value


class DeployAccessConfig(Section):
    """A role that GitHub's workflows assume by their identity tokens, and that may assume the CDK's roles only."""

    repository: str = Field(pattern=r"^[A-Za-z0-9](-?[A-Za-z0-9])*/[A-Za-z0-9._-]+$", max_length=140)
    """Repository whose workflows may deploy, as `owner/name`."""
    github_environment: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)
    """Environment of the repository that a job must name; None is the one called like this environment."""
    provider_arn: Annotated[str, AfterValidator(_is_provider_arn)] | None = None
    """ARN of the account's identity provider of GitHub; None makes it, which an account can have once only."""
    session_hours: int = Field(default=1, ge=1, le=12)
    """Hours after which the credentials of a deployment end, at most."""
