"""How many connections a PostgreSQL server of RDS takes, which follows from its memory.

RDS and Aurora set `max_connections` to LEAST({DBInstanceClassMemory/9531392}, 5000) unless told otherwise.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.MaxConnections
That memory is what is left of the class's own, and AWS does not say how much it keeps. What is left follows from the
connections it publishes for Serverless v2: 189 with 1 ACU and 3,360 with 16. A db.t4g.small shows 181 and a
db.m7g.large 832, where this gives 189 and 823.
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html
"""

# From this share of the connections on, someone is told.
ALARM_SHARE = 0.8
_MOST = 5000
# A cluster whose floor is below 1 ACU takes no more, whatever its ceiling.
_MOST_WHEN_SMALL = 2000
_GIB_PER_ACU = 2
_LEAST_GIB, _LEAST_CONNECTIONS = 1 * _GIB_PER_ACU, 189
_MOST_GIB, _MOST_CONNECTIONS = 16 * _GIB_PER_ACU, 3360
# Memory in GiB of the sizes of a burstable or general-purpose class; a memory-optimized class has twice as much.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html
_GIB_BY_SIZE = {
    "micro": 1,
    "small": 2,
    "medium": 4,
    "large": 8,
    "xlarge": 16,
    **{f"{multiple}xlarge": 16 * multiple for multiple in (2, 4, 8, 12, 16, 24, 32, 48)},
}
_TIMES_BY_KIND = {"t": 1, "m": 1, "r": 2}


def aurora_connections(min_acu: float, max_acu: float) -> int:
    """Return the connections that a Serverless v2 cluster takes: they follow from its ceiling, not its present size."""
    return min(_connections(max_acu * _GIB_PER_ACU), _MOST if min_acu >= 1 else _MOST_WHEN_SMALL)


def instance_connections(instance_type: str) -> int:
    """Return about how many connections an instance of a class such as `db.t4g.micro` takes.

    Raises:
        ValueError: the memory of the class is not known; the message says of which ones it is.
    """
    _, family, size = instance_type.split(".")
    if size not in _GIB_BY_SIZE or family[0] not in _TIMES_BY_KIND:
        kinds, sizes = (", ".join(names) for names in (_TIMES_BY_KIND, _GIB_BY_SIZE))
        message = f"allowed: db., a family that begins with one of {kinds}, and one of the sizes {sizes}"
        raise ValueError(message)
    return _connections(_GIB_BY_SIZE[size] * _TIMES_BY_KIND[family[0]])


def _connections(gib: float) -> int:
    per_gib = (_MOST_CONNECTIONS - _LEAST_CONNECTIONS) / (_MOST_GIB - _LEAST_GIB)
    return min(round(_LEAST_CONNECTIONS + (gib - _LEAST_GIB) * per_gib), _MOST)
