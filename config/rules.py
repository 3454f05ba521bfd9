"""What fields may be only together: each rule returns the faults it finds."""

import ipaddress
from collections.abc import Callable, Iterator

from config.model import SystemConfig
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
# Largest to smallest block of a VPC. https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
VPC_PREFIXES = range(16, 28 + 1)
# RFC 1918.
PRIVATE_BLOCKS = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
SUBNET_TIERS = 3
# Names RDS keeps for itself, or that are key words of SQL. https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/
RESERVED_DATABASE_NAMES = frozenset({"all", "default", "postgres", "rdsadmin", "select", "table", "template0", "user"})


def check(config: SystemConfig) -> list[Problem]:
    """Return every fault between the fields of a tree whose fields are valid each by itself."""
    return [problem for rule in RULES for problem in rule(config)]


def _cidr(config: SystemConfig) -> Iterator[Problem]:
    network = config.network
    field = "network.cidr"
    try:
        block = ipaddress.IPv4Network(network.cidr)
    except ValueError as error:
        yield Problem(field=field, value=network.cidr, allowed=f"{error}; allowed: an IPv4 block such as 10.0.0.0/16")
        return
    private = any(block.subnet_of(each) for each in PRIVATE_BLOCKS)
    if not private or block.prefixlen not in VPC_PREFIXES or not network.cidr.endswith(f"/{block.prefixlen}"):
        yield Problem(
            field=field, value=network.cidr, allowed="allowed: a private block from /16 to /28, such as 10.0.0.0/16"
        )
        return
    subnets = SUBNET_TIERS * network.zones
    if network.subnet_prefix < block.prefixlen or 2 ** (network.subnet_prefix - block.prefixlen) < subnets:
        yield Problem(
            field="network.subnet_prefix",
            value=network.subnet_prefix,
            allowed=f"{subnets} subnets of that size do not fit into {network.cidr}; take a longer prefix",
        )


def _capacity(config: SystemConfig) -> Iterator[Problem]:
    database = config.database
    if database.min_acu > database.max_acu:
        yield Problem(
            field="database.min_acu",
            value=database.min_acu,
            allowed=f"allowed: 0 to max_acu, which is {database.max_acu}",
        )
    if database.min_acu == 0 and database.auto_pause_minutes is None:
        yield Problem(
            field="database.auto_pause_minutes",
            value=None,
            allowed="a floor of 0 ACU pauses the idle cluster; say after how many minutes, 5 to 1440",
        )
    if database.min_acu > 0 and database.auto_pause_minutes is not None:
        yield Problem(
            field="database.auto_pause_minutes",
            value=database.auto_pause_minutes,
            allowed=f"only a cluster with min_acu 0 pauses, this one has {database.min_acu}; set None",
        )


def _database_name(config: SystemConfig) -> Iterator[Problem]:
    name = config.database.name
    if name in RESERVED_DATABASE_NAMES:
        yield Problem(
            field="database.name", value=name, allowed="is reserved; allowed: any other, such as the system's"
        )


def _queue(config: SystemConfig) -> Iterator[Problem]:
    queue = config.queue
    if queue.dlq_retention_days <= queue.retention_days:
        yield Problem(
            field="queue.dlq_retention_days",
            value=queue.dlq_retention_days,
            allowed="a message keeps its age when it moves; "
            f"allowed: more than retention_days, which is {queue.retention_days}",
        )
    if queue.fifo and config.worker.batch_window_seconds:
        yield Problem(
            field="worker.batch_window_seconds",
            value=config.worker.batch_window_seconds,
            allowed="Lambda takes no batch window on a FIFO queue; allowed: 0",
        )


def _task_size(config: SystemConfig) -> Iterator[Problem]:
    api = config.api
    sizes = FARGATE_MEMORY_MIB.get(api.cpu_units)
    if sizes is None:
        yield Problem(
            field="api.cpu_units",
            value=api.cpu_units,
            allowed=f"not a Fargate size; allowed: {', '.join(map(str, FARGATE_MEMORY_MIB))}",
        )
    elif api.memory_mib not in sizes:
        nearest = min(sizes, key=lambda size: abs(size - api.memory_mib))
        yield Problem(
            field="api.memory_mib",
            value=api.memory_mib,
            allowed=f"not offered with cpu_units {api.cpu_units}; allowed: {_series(sizes)} (nearest: {nearest})",
        )
    if api.min_tasks > api.max_tasks:
        yield Problem(
            field="api.min_tasks", value=api.min_tasks, allowed=f"allowed: 1 to max_tasks, which is {api.max_tasks}"
        )


def _certificate(config: SystemConfig) -> Iterator[Problem]:
    if config.environment == "prod" and config.api.certificate_arn is None:
        yield Problem(
            field="api.certificate_arn",
            value=None,
            allowed="prod serves HTTPS only; set it in the environment's config, "
            "or pass -c certificate_arn=arn:aws:acm:REGION:ACCOUNT:certificate/ID",
        )


def _series(sizes: tuple[int, ...]) -> str:
    few = 4
    if len(sizes) <= few:
        return ", ".join(map(str, sizes))
    return f"{sizes[0]} to {sizes[-1]} in steps of {sizes[1] - sizes[0]}"


Rule = Callable[[SystemConfig], Iterator[Problem]]
RULES: tuple[Rule, ...] = (_cidr, _capacity, _database_name, _queue, _task_size, _certificate)
