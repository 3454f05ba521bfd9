"""Rules of backups, monitoring and tags."""

from collections.abc import Iterator

from config.model import CostConfig, MonitoringConfig, SystemConfig
from config.offers import REGIONS
from config.problems import Problem, close_to
from config.rules.compute import task_size

# The tags that every resource has by itself.
OWN_TAGS = ("system", "environment", "owner", "cost-center")


def _backup(config: SystemConfig) -> Iterator[Problem]:
    backup = config.backup
    if backup is None:
        return
    if not config.databases:
        yield Problem(field="backup", allowed="the system has no databases to back up; leave it out")
    if backup.dump is None:
        return
    if backup.dump.database not in config.databases:
        yield Problem(
            field="backup.dump.database",
            value=backup.dump.database,
            allowed=f"is not in databases; allowed: {', '.join(config.databases)}",
        )
    buckets = config.storage.buckets if config.storage else {}
    if backup.dump.bucket not in buckets:
        allowed = f"allowed: {', '.join(buckets)}" if buckets else "add storage with a bucket of that name"
        yield Problem(
            field="backup.dump.bucket", value=backup.dump.bucket, allowed=f"is not in storage.buckets; {allowed}"
        )


def _regions(config: SystemConfig) -> Iterator[Problem]:
    copy = config.backup.copy_region if config.backup else None
    price = config.cost.price_region if isinstance(config.cost, CostConfig) else None
    for field, region in (("region", config.region), ("backup.copy_region", copy), ("cost.price_region", price)):
        if region is not None and region not in REGIONS:
            allowed = f"no region; allowed: {', '.join(REGIONS)}{close_to(region, REGIONS)}"
            yield Problem(field=field, value=region, allowed=allowed)


def _prometheus(config: SystemConfig) -> Iterator[Problem]:
    monitoring = config.monitoring
    if isinstance(monitoring, MonitoringConfig) and monitoring.prometheus is not None:
        size = monitoring.prometheus
        yield from task_size("monitoring.prometheus", size.cpu_units, size.memory_mib)


def _tags(config: SystemConfig) -> Iterator[Problem]:
    former: dict[str, str] = {}
    for key in config.tags:
        if key.lower() in OWN_TAGS:
            yield Problem(field="tags", value=key, allowed="is set on every resource by itself; allowed: any other key")
        elif key.lower() == "name":
            allowed = "the CDK names resources by it, and one name for all says nothing; allowed: any other key"
            yield Problem(field="tags", value=key, allowed=allowed)
        # IAM takes them for one key, and refuses it given twice.
        other = former.setdefault(key.lower(), key)
        if other != key:
            yield Problem(
                field="tags", value=key, allowed=f"differs from {other} by case only; allowed: one of the two"
            )


RULES = (_backup, _regions, _prometheus, _tags)
