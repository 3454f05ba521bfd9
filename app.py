"""Entry point of the CDK CLI: loads a configuration, builds the app from it, and lets it pass the gates."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import aws_cdk as cdk

from assembly.errors import InputError
from assembly.layering.circles import CircleError
from config.load import OVERRIDES, load_on
from config.model import SystemConfig
from config.problems import ConfigError
from constructs_lib.packaging import PackagingError
from constructs_lib.providers import Provider, provider_for
from gates.ages import calendar, check_ages
from gates.budget import check_budget, is_kept
from gates.circles import without_circle
from gates.plain_http import acknowledge, is_told
from gates.refusal import forget
from stacks.compose import build_app, new_app

DefaultT = TypeVar("DefaultT", str, None)


def main() -> None:
    """Build the app that `-c system=… -c env=… -c provider=…` ask for."""
    app = new_app()

    def context(name: str, default: DefaultT) -> str | DefaultT:
        # An empty value is a mistake, such as an unset variable in a script: it must not stand for the default.
        value = app.node.try_get_context(name)
        return default if value is None else str(value)

    overrides = {name: value for name in OVERRIDES if (value := context(name, None)) is not None}
    today = context("today", None)
    config, provider = _all_of(
        lambda: load_on(calendar(today), context("system", "notifications"), context("env", "dev"), overrides),
        lambda: provider_for(context("provider", "aws")),
    )
    is_plain_http_told = is_told(context("plain_http", None))
    is_budget_kept = is_kept(context("budget", None), provider)
    account, region = os.environ.get("CDK_DEFAULT_ACCOUNT"), os.environ.get("CDK_DEFAULT_REGION")
    env = cdk.Environment(account=account, region=region) if account and region else None

    def synthesize(into: cdk.App) -> Path:
        build_app(into, config, provider, env)
        if not is_plain_http_told:
            acknowledge(into)
        forget(Path(into.outdir))
        return Path(into.synth().directory)

    folder = without_circle(app, synthesize)
    check_ages(config, calendar(today), folder)
    if is_budget_kept:
        check_budget(config, folder)


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
    except (ConfigError, PackagingError, CircleError, InputError) as error:
        print(f"groundwork: {error}", file=sys.stderr)
        sys.exit(2)
