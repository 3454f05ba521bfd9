"""Plain HTTP is warned of, but not to those who look at the templates of many environments and deploy none."""

import aws_cdk as cdk

from config.problems import ConfigError, Problem
from constructs_lib.load_balancer import PLAIN_HTTP_WARNING

_TOLD, _ACKNOWLEDGED = "told", "acknowledged"


def is_told(choice: str | None) -> bool:
    """Tell whether to warn of a load balancer without a certificate: `acknowledged` asks for an assembly without it.

    Raises:
        ConfigError: there is no such choice.
    """
    if choice not in (None, _TOLD, _ACKNOWLEDGED):
        problem = Problem(
            field="plain_http", value=choice, allowed=f"no such choice; allowed: {_TOLD}, {_ACKNOWLEDGED}"
        )
        raise ConfigError("configuration", [problem])
    return choice != _ACKNOWLEDGED


def acknowledge(app: cdk.App) -> None:
    """Take back the warnings of what an app has in it so far."""
    cdk.Annotations.of(app).acknowledge_warning(PLAIN_HTTP_WARNING)
