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
    is_aws: bool
    """AWS itself, with its accounts and regions; False for an embedded cloud, which stands for any of them."""
    database_sslmode: Literal["verify-full", "disable"]
    """How clients reach PostgreSQL: libpq's `sslmode`."""
    dependencies_package: Callable[[], Path] | None
    """Makes the zip of the functions' dependencies; None where the functions' interpreter has them already."""
    database_instance_type: str
    """Instance class of an RDS database whose configuration names none."""
    cache_node_type: str
    """Node type of a cache whose configuration names none."""
    broker_instance_type: str
    """Instance type of a broker whose configuration names none."""


AWS = Provider(
    name="aws",
    is_aws=True,
    database_sslmode="verify-full",
    dependencies_package=dependencies_package,
    database_instance_type="db.t3.medium",
    cache_node_type="cache.t3.medium",
    # The smallest that runs the current RabbitMQ: mq.t3.medium never existed.
    broker_instance_type="mq.m7g.medium",
)

# The embedded PostgreSQL is built without OpenSSL, and the embedded functions run in the project's own environment.
LOCAL = Provider(
    name="local",
    is_aws=False,
    database_sslmode="disable",
    dependencies_package=None,
    database_instance_type="db.t3.micro",
    cache_node_type="cache.t3.micro",
    broker_instance_type="mq.m7g.medium",
)

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
