"""Where the app is deployed to. A provider holds what differs there, and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from config.problems import ConfigError, Problem
from constructs_lib.packaging import dependencies_package


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """A place to deploy to."""

    name: str
    """What `-c provider=` calls it."""
    database_sslmode: Literal["verify-full", "disable"]
    """How clients reach PostgreSQL: libpq's `sslmode`."""
    dependencies_package: Callable[[], Path] | None
    """Makes the zip of the functions' dependencies; None where the functions' interpreter has them already."""


AWS = Provider(name="aws", database_sslmode="verify-full", dependencies_package=dependencies_package)

# The embedded PostgreSQL is built without OpenSSL, and the embedded functions run in the project's own environment.
LOCAL = Provider(name="local", database_sslmode="disable", dependencies_package=None)

_PROVIDERS = {provider.name: provider for provider in (AWS, LOCAL)}


def provider_for(name: str) -> Provider:
    """Return the provider of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in _PROVIDERS:
        allowed = f"Unsupported environment: {name}; allowed: {', '.join(_PROVIDERS)}"
        raise ConfigError("configuration", [Problem(field="provider", value=name, allowed=allowed)])
    return _PROVIDERS[name]
