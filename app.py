"""Entry point of the CDK CLI: loads a configuration and builds the app from it."""

import os
import sys
from collections.abc import Callable

import aws_cdk as cdk

from config.load import OVERRIDES, load
from config.model import SystemConfig
from config.problems import ConfigError
from constructs_lib.packaging import PackagingError
from constructs_lib.providers import Provider, provider_for
from stacks.compose import build_app, new_app


def main() -> None:
    """Build the app that `-c system=… -c env=… -c provider=…` ask for."""
    app = new_app()

    def context(name: str, default: str) -> str:
        # An empty value is a mistake, such as an unset variable in a script: it must not stand for the default.
        value = app.node.try_get_context(name)
        return default if value is None else str(value)

    overrides = {name: context(name, "") for name in OVERRIDES if app.node.try_get_context(name) is not None}
    config, provider = _all_of(
        lambda: load(context("system", "notifications"), context("env", "dev"), overrides),
        lambda: provider_for(context("provider", "aws")),
    )
    account, region = os.environ.get("CDK_DEFAULT_ACCOUNT"), os.environ.get("CDK_DEFAULT_REGION")
    env = cdk.Environment(account=account, region=region) if account and region else None
    build_app(app, config, provider, env)
    app.synth()


def _all_of(config: Callable[[], SystemConfig], provider: Callable[[], Provider]) -> tuple[SystemConfig, Provider]:
    """Return what both make, or tell what is wrong with both at once."""
    try:
        made = config()
    except ConfigError as wrong:
        try:
            provider()
        except ConfigError as also:
            raise ConfigError(wrong.subject, [*also.problems, *wrong.problems]) from wrong
        raise
    return made, provider()


if __name__ == "__main__":
    try:
        main()
    except (ConfigError, PackagingError) as error:
        print(f"groundwork: {error}", file=sys.stderr)
        sys.exit(2)
