"""What AWS offers today, as far as nobody else checks it before a deployment fails on it.

Tests hold versions and regions to those that the pinned CDK and SDK know. What AWS offers anew is added here before a
configuration uses it.
"""

from collections.abc import Mapping

_M7G = tuple(
    f"mq.m7g.{size}" for size in ("medium", "large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
)
_M5 = tuple(f"mq.m5.{size}" for size in ("large", "xlarge", "2xlarge", "4xlarge"))

RABBITMQ_TYPES: Mapping[str, tuple[str, ...]] = {"4.2": _M7G, "3.13": _M7G + _M5}
"""Instance types by the version of RabbitMQ that Amazon MQ makes brokers of.

RabbitMQ 4.2 runs on mq.m7g only, 3.13 on mq.m5 as well; the mq.t3.micro of older guides is no longer offered with
RabbitMQ. Every type may form a cluster.
https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rabbitmq-basic-elements.html
"""


def _versions(**minors: str) -> tuple[str, ...]:
    return tuple(f"{major[1:]}.{minor}" for major, each in minors.items() for minor in each.split())


POSTGRES_VERSIONS = _versions(
    v16="1 2 3 4 5 6 7 8 9 10 11 12 13 14",
    v17="1 2 3 4 5 6 7 8 9 10",
    v18="1 2 3 4",
)
"""Versions of RDS for PostgreSQL."""

AURORA_VERSIONS = _versions(
    v16="0 1 2 3 4 5 6 8 9 10 11 13",
    v17="1 2 4 5 6 7 9",
    v18="3 4 6",
)
"""Versions of Aurora PostgreSQL."""

PAUSES_FROM = (16, 3)
"""The first of these versions of Aurora PostgreSQL that pauses, which is what a floor of 0 ACU means.
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
"""

SEARCH_VERSIONS = _versions(v2="3 5 7 9 11 13 15 17 19", v3="1 3 5 7")
"""Versions of OpenSearch."""

_BURSTABLE = ("micro", "small", "medium", "large", "xlarge", "2xlarge")
_TO_16 = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
_TO_24 = (*_TO_16, "24xlarge")
_TO_32 = (*_TO_24, "32xlarge")
_TO_48 = (*_TO_24, "48xlarge")

RDS_SIZES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("t3", "t4g"), _BURSTABLE),
    **dict.fromkeys(("m5", "m5d", "r5", "r5b", "r5d"), _TO_24),
    **dict.fromkeys(("m6g", "m6gd", "m7g", "r6g", "r6gd", "r7g"), _TO_16),
    **dict.fromkeys(("m6i", "m6id", "m6idn", "m6in", "r6i", "r6id", "r6idn", "r6in"), _TO_32),
    **dict.fromkeys(("m7i", "m8g", "m8gd", "r7i", "r8g", "r8gd"), _TO_48),
}
"""Sizes of the classes of RDS for PostgreSQL, by their family.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Support.html
"""

CACHE_SIZES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("t3", "t4g"), ("micro", "small", "medium")),
    **dict.fromkeys(("m5", "r5"), ("large", "xlarge", "2xlarge", "4xlarge", "12xlarge", "24xlarge")),
    **dict.fromkeys(("m6g", "m7g", "r6g", "r7g", "c7gn"), _TO_16),
}
"""Sizes of the nodes of caches, by their family; those that keep data on disks as well take another configuration.
https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheNodes.SupportedTypes.html
"""

_TIB = 1024
_GRAVITON_2 = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge")
_GENERAL = dict(zip(_GRAVITON_2, (_TIB, 2 * _TIB, 3 * _TIB, 6 * _TIB, 12 * _TIB, 18 * _TIB), strict=True))
_COMPUTE = dict(zip(_GRAVITON_2, (_TIB // 2, _TIB, 2 * _TIB, 3 * _TIB, 6 * _TIB, 9 * _TIB), strict=True))
_MEMORY = dict(zip(_GRAVITON_2, (2 * _TIB, 3 * _TIB, 6 * _TIB, 12 * _TIB, 16 * _TIB, 24 * _TIB), strict=True))
_OF_INTEL = ("large", "xlarge", "2xlarge", "4xlarge", "12xlarge")

SEARCH_VOLUMES: Mapping[str, Mapping[str, int]] = {
    "t3": {"small": 100, "medium": 200},
    "m5": {size: _GENERAL[size] for size in _OF_INTEL},
    "r5": {size: _MEMORY[size] for size in _OF_INTEL},
    "c5": {**dict(zip(_OF_INTEL[:4], (_TIB // 2, _TIB, 2 * _TIB, 3 * _TIB), strict=True)), "9xlarge": 7 * _TIB},
    "m6g": _GENERAL,
    "c6g": _COMPUTE,
    "r6g": _MEMORY,
    "m7g": {"medium": _GENERAL["large"], **_GENERAL, "16xlarge": _GENERAL["12xlarge"]},
    "c7g": {**_COMPUTE, "16xlarge": _COMPUTE["12xlarge"]},
    "r7g": {"medium": _MEMORY["large"], **_MEMORY, "16xlarge": _MEMORY["12xlarge"]},
}
"""The largest gp3 volume in GiB of a data node, by the family and size of its type.

Types with disks of their own, and those that keep their data in S3, take another configuration and are left out.
https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html
"""

SEARCH_BURSTABLE_NODES = 10
"""Data nodes of a domain of T3, at most."""

_REGIONS = {
    "af-south": "1",
    "ap-east": "1 2",
    "ap-northeast": "1 2 3",
    "ap-south": "1 2",
    "ap-southeast": "1 2 3 4 5 6 7",
    "ca-central": "1",
    "ca-west": "1",
    "cn-north": "1",
    "cn-northwest": "1",
    "eu-central": "1 2",
    "eu-north": "1",
    "eu-south": "1 2",
    "eu-west": "1 2 3",
    "eusc-de-east": "1",
    "il-central": "1",
    "me-central": "1",
    "me-south": "1",
    "mx-central": "1",
    "sa-east": "1",
    "us-east": "1 2",
    "us-gov-east": "1",
    "us-gov-west": "1",
    "us-west": "1 2",
}
REGIONS = tuple(f"{area}-{number}" for area, numbers in _REGIONS.items() for number in numbers.split())
"""Regions, without those that only parts of a government reach."""

ZONES: Mapping[str, int] = {**dict.fromkeys(REGIONS, 3), "us-west-1": 2}
"""Availability Zones that every account has in a region; where there are more than three, three.

Of the three zones of us-west-1 an account sees two.
https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html
"""


def search_zones(nodes: int, zones: int) -> int:
    """Return over how many zones the data nodes of an OpenSearch domain spread, in a network of so many zones."""
    return min(nodes, zones)


def spreads_evenly(nodes: int, zones: int) -> bool:
    """Tell whether the data nodes of a domain fall evenly on the zones that they spread over.

    OpenSearch asks for an even number over two zones, and advises a multiple of three over three.
    """
    return nodes % search_zones(nodes, zones) == 0
