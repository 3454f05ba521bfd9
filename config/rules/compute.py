"""Rules of what runs."""

from collections.abc import Collection, Iterator

from config.model import AuroraConfig, ServiceConfig, SystemConfig, Uses
from config.problems import Problem

# Memory in MiB that Fargate offers, by the CPU size in units.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
FARGATE_MEMORY_MIB: dict[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16384 + 1, 1024)),
    4096: tuple(range(8192, 30720 + 1, 1024)),
    8192: tuple(range(16384, 61440 + 1, 4096)),
    16384: tuple(range(32768, 122880 + 1, 8192)),
}


def _services(config: SystemConfig) -> Iterator[Problem]:
    for name, service in config.services.items():
        field = f"services.{name}"
        yield from task_size(field, service.cpu_units, service.memory_mib)
        yield from _task_counts(field, service)


def _task_counts(field: str, service: ServiceConfig) -> Iterator[Problem]:
    if service.min_tasks > service.max_tasks:
        yield Problem(
            field=f"{field}.min_tasks",
            value=service.min_tasks,
            allowed=f"allowed: 1 to max_tasks, which is {service.max_tasks} (nearest: {service.max_tasks})",
        )
    if service.singleton:
        for name in ("min_tasks", "max_tasks"):
            if getattr(service, name) != 1:
                yield Problem(
                    field=f"{field}.{name}",
                    value=getattr(service, name),
                    allowed="a singleton has one task; set 1, or singleton=False",
                )


def task_size(field: str, cpu_units: int, memory_mib: int) -> Iterator[Problem]:
    """Yield what is wrong with the size of a Fargate task."""
    sizes = FARGATE_MEMORY_MIB.get(cpu_units)
    if sizes is None:
        nearest = min(FARGATE_MEMORY_MIB, key=lambda size: abs(size - cpu_units))
        yield Problem(
            field=f"{field}.cpu_units",
            value=cpu_units,
            allowed=f"not a Fargate size; allowed: {', '.join(map(str, FARGATE_MEMORY_MIB))} (nearest: {nearest})",
        )
    elif memory_mib not in sizes:
        nearest = min(sizes, key=lambda size: abs(size - memory_mib))
        yield Problem(
            field=f"{field}.memory_mib",
            value=memory_mib,
            allowed=f"not offered with cpu_units {cpu_units}; allowed: {_series(sizes)} (nearest: {nearest})",
        )


def _uses(config: SystemConfig) -> Iterator[Problem]:
    for name, service in config.services.items():
        yield from _used(config, f"services.{name}.uses", service.uses)
    if config.worker is not None:
        yield from _used(config, "worker.uses", config.worker.uses)


def _used(config: SystemConfig, field: str, uses: Uses) -> Iterator[Problem]:
    if uses.database is not None:
        yield from _one_of(f"{field}.database", uses.database, config.databases, "databases")
    buckets = config.storage.buckets if config.storage else {}
    for bucket in uses.buckets:
        yield from _one_of(f"{field}.buckets", bucket, buckets, "storage.buckets")
    for part in ("queue", "cache", "broker", "search"):
        if getattr(uses, part) and getattr(config, part) is None:
            yield Problem(
                field=f"{field}.{part}",
                value=True,
                allowed=f"the system has no {part}; add {part} to it, or take it out of uses",
            )
    if uses.channels and config.channels is None:
        yield Problem(
            field=f"{field}.channels",
            value=list(uses.channels),
            allowed="the system has no channels; add channels to it, or take them out of uses",
        )
    elif "email" in uses.channels and config.channels is not None and config.channels.email_sender is None:
        yield Problem(
            field="channels.email_sender", value=None, allowed=f"{field} sends e-mail; say from which address"
        )


def _concurrency(config: SystemConfig) -> Iterator[Problem]:
    worker = config.worker
    if worker is None or worker.max_concurrency is None:
        return
    if worker.max_concurrency > worker.reserved_concurrency:
        yield Problem(
            field="worker.max_concurrency",
            value=worker.max_concurrency,
            allowed="messages that are received while no invocation is free use up their receives for nothing; "
            f"allowed: 2 to reserved_concurrency, which is {worker.reserved_concurrency} "
            f"(nearest: {worker.reserved_concurrency})",
        )


def _sweeper(config: SystemConfig) -> Iterator[Problem]:
    worker = config.worker
    if worker is None or worker.sweep_minutes is None:
        return
    field = "worker.sweep_minutes"
    database = config.databases.get(worker.uses.database or "")
    if database is None:
        yield Problem(
            field=field,
            value=worker.sweep_minutes,
            allowed="looks into the database of the worker, which uses none; name it in worker.uses, or leave it out",
        )
    elif isinstance(database, AuroraConfig) and database.min_acu == 0:
        yield Problem(
            field=field,
            value=worker.sweep_minutes,
            allowed=f"keeps the database awake that databases.{worker.uses.database}.min_acu = 0 lets pause; "
            "leave one of them out",
        )


def _one_of(field: str, key: str, found: Collection[str], where: str) -> Iterator[Problem]:
    if key not in found:
        allowed = f"allowed: {', '.join(found)}" if found else f"the system has none; add it to {where}"
        yield Problem(field=field, value=key, allowed=f"is not in {where}; {allowed}" if found else allowed)


def _series(sizes: tuple[int, ...]) -> str:
    few = 4
    if len(sizes) <= few:
        return ", ".join(map(str, sizes))
    return f"{sizes[0]} to {sizes[-1]} in steps of {sizes[1] - sizes[0]}"


RULES = (_services, _uses, _concurrency, _sweeper)
