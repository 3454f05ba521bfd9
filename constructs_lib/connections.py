"""How many connections a PostgreSQL server of RDS takes, which follows from its memory.

RDS sets `max_connections` to LEAST({DBInstanceClassMemory/9531392}, 5000) by default, for instances and Aurora alike.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.MaxConnections
"""

# From this share of the connections on, someone is told.
ALARM_SHARE = 0.8
_BYTES_PER_CONNECTION = 9_531_392
_MOST = 5000
_GIB = 1024**3
# An Aurora Capacity Unit comes with about 2 GiB of memory; a cluster that may shrink below 1 ACU takes 2,000 at most.
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html
_GIB_PER_ACU = 2
_MOST_WHEN_SMALL = 2000
# Memory of the sizes that every burstable and general-purpose class has; memory-optimized classes have twice as much.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html
_GIB_BY_SIZE = {"micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16}
_MEMORY_OPTIMIZED = "r"


def aurora_connections(min_acu: float, max_acu: float) -> int:
    """Return the connections that a Serverless v2 cluster takes: they follow from its ceiling, not its present size."""
    most = _MOST if min_acu >= 1 else _MOST_WHEN_SMALL
    return min(int(max_acu * _GIB_PER_ACU * _GIB / _BYTES_PER_CONNECTION), most)


def instance_connections(instance_type: str) -> int:
    """Return the connections that an instance of a class such as `db.t4g.micro` takes.

    Raises:
        ValueError: the memory of the class is not known.
    """
    _, family, size = instance_type.split(".")
    multiple = size.removesuffix("xlarge")
    gib: float
    if size in _GIB_BY_SIZE:
        gib = _GIB_BY_SIZE[size]
    elif size.endswith("xlarge") and multiple.isdigit():
        gib = _GIB_BY_SIZE["xlarge"] * int(multiple)
    else:
        message = f"the memory of {instance_type} is not known; take a size such as {', '.join(_GIB_BY_SIZE)}"
        raise ValueError(message)
    if family.startswith(_MEMORY_OPTIMIZED):
        gib *= 2
    return min(int(gib * _GIB / _BYTES_PER_CONNECTION), _MOST)
