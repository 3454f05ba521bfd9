"""Entry point of the CDK CLI: loads a configuration and builds the app from it."""

import os
import sys

import aws_cdk as cdk

from config.load import OVERRIDES, load
from config.problems import ConfigError
from constructs_lib.packaging import PackagingError
from constructs_lib.providers import provider_for
from stacks.compose import build_app, new_app


def main() -> None:
    """Build the app that `-c system=… -c env=… -c provider=…` ask for."""
    app = new_app()

    def context(name: str, default: str) -> str:
        # An empty value is a mistake, such as an unset variable in a script: it must not stand for the default.
        value = app.node.try_get_context(name)
        return default if value is None else str(value)

    overrides = {name: context(name, "") for name in OVERRIDES if app.node.try_get_context(name) is not None}
    config = load(context("system", "notifications"), context("env", "dev"), overrides)
    account, region = os.environ.get("CDK_DEFAULT_ACCOUNT"), os.environ.get("CDK_DEFAULT_REGION")
    env = cdk.Environment(account=account, region=region) if account and region else None
    build_app(app, config, provider_for(context("provider", "aws")), env)
    app.synth()


if __name__ == "__main__":
    try:
        main()
    except (ConfigError, PackagingError) as error:
        print(f"groundwork: {error}", file=sys.stderr)
        sys.exit(2)
