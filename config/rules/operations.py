"""Rules of backups, monitoring and tags."""

from collections.abc import Iterator

from config.model import MonitoringConfig, SystemConfig
from config.problems import Problem
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


def _prometheus(config: SystemConfig) -> Iterator[Problem]:
    monitoring = config.monitoring
    if isinstance(monitoring, MonitoringConfig) and monitoring.prometheus is not None:
        size = monitoring.prometheus
        yield from task_size("monitoring.prometheus", size.cpu_units, size.memory_mib)


def _tags(config: SystemConfig) -> Iterator[Problem]:
    for key in config.tags:
        if key.lower() in OWN_TAGS:
            yield Problem(field="tags", value=key, allowed="is set on every resource by itself; allowed: any other key")


RULES = (_backup, _prometheus, _tags)
