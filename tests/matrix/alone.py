"""Fields that show only beside certain values of others: each changed alone, in a system that has these values."""

from collections.abc import Mapping
from typing import Any

from config.model import Channel, FixedResponse, HostedZone, Route, SystemConfig, Without, WorkingHours
from tests.matrix.parts import exact_blocks
from tests.matrix.system import everything
from tests.support.changed import changed

_ALL: tuple[Channel, ...] = ("email", "sms", "webhook", "telegram")


def before() -> SystemConfig:
    """Return a system in which each of the changes shows."""
    config: SystemConfig = changed(
        everything("dev"),
        load_balancer__hosted_zone=HostedZone(id="Z0123456789ABCDEFGHIJ", name="example.com"),
        load_balancer__domain_name="www.example.com",
        load_balancer__fixed_response=FixedResponse(),
        services__api__route=Route(paths=("/api*",)),
        services__api__uses__channels=("email", "telegram"),
        services__api__night_tasks=0,
        worker__uses__channels=_ALL,
        working_hours=WorkingHours(start="08:00", end="18:00", time_zone="Europe/Berlin"),
    )
    return config


ALONE: Mapping[str, Any] = {
    "channels.email_sender": "orders@example.com",
    "channels.telegram_base_url": "https://localhost:4580",
    "channels.webhook_hosts_allowed_inside": ("hooks.internal",),
    "deploy_access.github_environment": "Production",
    "deploy_access.repository": "acme/lattice.io",
    "load_balancer.domain_name": "api.example.com",
    "load_balancer.fixed_response.status": 200,
    "network.blocks": exact_blocks(before()),
    "network.interface_endpoints": True,
    "network.subnet_prefix": 20,
    "queue.visibility_timeout_seconds": 3600,
    "services.api.authentication": Without(reason="anybody may ask of it whatever there is"),
    "services.api.database_pool_size": 8,
    "services.api.route.hosts": ("a.example.com",),
    "services.api.route.priority": 7,
    "services.api.uses.channels": ("email",),
    "worker.uses.channels": ("email",),
    "working_hours.end": "19:30",
    "working_hours.start": "07:30",
    "working_hours.time_zone": "America/New_York",
}
"""Another value of each field, by its place."""

# Parts that cannot be left out without what uses them: what is changed with them is not theirs.
TOGETHER: Mapping[str, Mapping[str, Any]] = {
    "channels": {"channels": None, "services.api.uses.channels": (), "worker.uses.channels": ()},
    "working_hours": {"working_hours": None, "services.api.night_tasks": None},
}


def after(place: str) -> SystemConfig:
    """Return the same system with another value of a field."""
    changes = TOGETHER.get(place) or {place: ALONE[place]}
    config = changed(before(), **{path.replace(".", "__"): value for path, value in changes.items()})
    return SystemConfig.model_validate(config.model_dump(warnings=False))
