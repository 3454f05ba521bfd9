"""Rules of the place that a system is deployed to: the one it says, and the one that only a deployment knows."""

from collections.abc import Iterator
from dataclasses import dataclass

from config.model import InstanceConfig, SystemConfig
from config.offers import REGIONS, ZONES
from config.problems import Problem, close_to
from config.rules.connections import connections

_ARN_REGION, _ARN_ACCOUNT = 3, 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a system is about to be deployed to."""

    account: str | None
    """The account the CLI is signed in to; None where templates are made that fit any."""
    region: str | None
    """The region it is set to; None where templates are made that fit any."""
    is_aws: bool
    """False for an embedded cloud, which stands for every account and region."""
    database_instance_type: str
    """Class that an RDS instance has there whose configuration names none."""


def check_in_place(config: SystemConfig, place: Place) -> list[Problem]:
    """Return what of a configuration without faults of its own does not fit a place."""
    return [
        *(_belongs(config, place) if place.is_aws else ()),
        *(_certificate(config, place.account, place.region) if place.is_aws else ()),
        *_zones(config, place.region),
        *_copies(config, place.region),
        *_open_sizes(config, place.database_instance_type),
    ]


def _in_its_own_place(config: SystemConfig) -> Iterator[Problem]:
    """Hold a configuration to the account and region that it says it belongs in."""
    yield from _certificate(config, config.account, config.region)
    yield from _zones(config, config.region)
    yield from _copies(config, config.region)


def _belongs(config: SystemConfig, place: Place) -> Iterator[Problem]:
    for field, wanted, found in (("account", config.account, place.account), ("region", config.region, place.region)):
        if wanted is not None and found is not None and wanted != found:
            yield Problem(
                field=field,
                value=wanted,
                allowed=f"the CLI is about to deploy to {found}; sign in to {field} {wanted}, such as with "
                f"--profile or AWS_PROFILE, or set {field} to {found}",
            )
    if place.region is not None and place.region not in REGIONS:
        allowed = f"the CLI is set to a region that is none{close_to(place.region, REGIONS)}; set AWS_REGION"
        yield Problem(field="region", value=place.region, allowed=f"{allowed}; allowed: {', '.join(REGIONS)}")


def _certificate(config: SystemConfig, account: str | None, region: str | None) -> Iterator[Problem]:
    arn = config.load_balancer.certificate_arn if config.load_balancer else None
    if arn is None:
        return
    parts = arn.split(":")
    for name, found, there in (
        ("region", parts[_ARN_REGION], region),
        ("account", parts[_ARN_ACCOUNT], account),
    ):
        if there is not None and found != there:
            yield Problem(
                field="load_balancer.certificate_arn",
                value=arn,
                allowed=f"a load balancer takes certificates of its own {name} only; allowed: one of {name} {there}",
            )


def _zones(config: SystemConfig, region: str | None) -> Iterator[Problem]:
    there = ZONES.get(region, config.network.zones) if region is not None else config.network.zones
    if config.network.zones > there:
        yield Problem(
            field="network.zones",
            value=config.network.zones,
            allowed=f"an account has {there} zones in {region}; allowed: 2 to {there} (nearest: {there})",
        )


def _copies(config: SystemConfig, region: str | None) -> Iterator[Problem]:
    if config.backup is not None and region is not None and config.backup.copy_region == region:
        yield Problem(
            field="backup.copy_region",
            value=region,
            allowed="is the region of the stacks themselves, and copies there are lost with it; allowed: another one",
        )


def _open_sizes(config: SystemConfig, database_instance_type: str) -> Iterator[Problem]:
    open_ones = {
        key: database
        for key, database in config.databases.items()
        if isinstance(database, InstanceConfig) and database.instance_type is None
    }
    yield from connections(config.model_copy(update={"databases": open_ones}), database_instance_type)


RULES = (_in_its_own_place,)
