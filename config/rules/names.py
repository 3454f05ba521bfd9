"""Rules of names: what a system calls its parts, and what has to be there under a name."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.model import SystemConfig
from config.problems import Problem

_ROOT = Path(__file__).resolve().parents[2]
SERVICES = _ROOT / "services"
# The CDK adds these to every stack; the key is made by each that encrypts something by one of its own.
_EVERYWHERE = frozenset({"BootstrapVersion", "CheckBootstrapVersion", "CustomerKey", "Exports", "Publish"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Ids:
    """The construct ids of a stack that makes something of each key of a mapping."""

    made: tuple[str, ...]
    """What the stack makes for each key; `{}` stands for the key as an id."""
    taken: frozenset[str]
    """What it makes besides, in some systems at least."""
    taken_within: frozenset[str] = frozenset()
    """What there is beside it where the key names something a second time, further below."""
    of_databases: tuple[str, ...] = ()
    """What it makes for a database as well, where that has the keys of an API; `{}` stands for its key as an id."""


# By the field that has the keys. A key becomes part of ids, and two constructs in one place cannot have the same.
IDS: Mapping[str, Ids] = {
    "services": Ids(
        made=("{}", "{}ServiceNameOutput"),
        taken=_EVERYWHERE
        | {
            "ApiUrlOutput",
            "Channels",
            "Cluster",
            "ClusterNameOutput",
            "Image",
            "LoadBalancer",
            "LoadBalancerArnOutput",
            "TelegramSecretArnOutput",
        },
        # The container is called by the service, in its task definition.
        taken_within=frozenset({"ExecutionRole", "Resource", "TaskRole"}),
        of_databases=("{}Keys", "{}KeysFunctionNameOutput"),
    ),
    "databases": Ids(
        made=(
            "{}",
            "{}Users",
            "{}Migrations",
            "{}Rotation",
            "{}DatabaseEndpointOutput",
            "{}DatabaseSecretArnOutput",
            "{}DatabaseNameOutput",
            "{}DatabaseUsersOutput",
            "{}MigrationsFunctionNameOutput",
        ),
        taken=_EVERYWHERE,
    ),
    "storage.buckets": Ids(made=("{}", "{}BucketNameOutput"), taken=_EVERYWHERE | {"EmptyingLogs"}),
}


def id_of(key: str) -> str:
    """Return a key as stacks make an id of it, such as `OrderNotifications` of `order-notifications`."""
    return "".join(part.capitalize() for part in key.split("-"))


def taken_by_databases(ids: Ids, config: SystemConfig) -> frozenset[str]:
    """Return what the stack makes, or could make, for the system's databases."""
    return frozenset(each.format(id_of(key)) for key in config.databases for each in ids.of_databases)


def _ids(config: SystemConfig) -> Iterator[Problem]:
    for field, keys in _keys(config).items():
        ids = IDS[field]
        taken = ids.taken | ids.taken_within | taken_by_databases(ids, config)
        owners: dict[str, str] = {}
        for key in keys:
            own = id_of(key)
            if own in taken:
                yield Problem(
                    field=field, value=key, allowed=f"{own} is part of the stack by itself; allowed: any other name"
                )
                continue
            for made in (each.format(own) for each in ids.made):
                other = owners.setdefault(made, key)
                if other != key:
                    yield Problem(
                        field=field,
                        value=key,
                        allowed=f"becomes {made} in the stack, as {other} does; allowed: a name that differs in more",
                    )
                    break


def _keys(config: SystemConfig) -> dict[str, Collection[str]]:
    return {
        "services": config.services,
        "databases": config.databases,
        "storage.buckets": config.storage.buckets if config.storage else (),
    }


def _programs(config: SystemConfig) -> Iterator[Problem]:
    there = programs()
    for name, service in config.services.items():
        if service.program not in there:
            yield Problem(
                field=f"services.{name}.program",
                value=service.program,
                allowed=f"services has no such program; allowed: {', '.join(there)}",
            )


def _schemas(config: SystemConfig) -> Iterator[Problem]:
    there = schemas()
    for key, database in config.databases.items():
        if database.schema_name not in there:
            yield Problem(
                field=f"databases.{key}.schema_name",
                value=database.schema_name,
                allowed=f"services/migrations has no such folder; allowed: {', '.join(there)}",
            )


def programs() -> list[str]:
    """Return the packages below `services` that can be run, sorted; looked for on disk, since none is imported here."""
    mains = SERVICES.rglob("__main__.py")
    return sorted(".".join(main.parent.relative_to(SERVICES).parts) for main in mains)


def schemas() -> list[str]:
    """Return the schemas that there are migrations of, sorted."""
    return sorted({migration.parent.name for migration in (SERVICES / "migrations").glob("*/*.py")})


RULES = (_ids, _programs, _schemas)
