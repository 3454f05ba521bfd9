"""What AWS offers today, as far as nobody else checks it before a deployment fails on it.

Brokers: RabbitMQ 4.2 runs on mq.m7g only, 3.13 on mq.m5 as well; the mq.t3.micro of older guides is no longer offered
with RabbitMQ. Every type may form a cluster.
https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rabbitmq-basic-elements.html
"""

from collections.abc import Mapping

_M7G = tuple(
    f"mq.m7g.{size}" for size in ("medium", "large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
)
_M5 = tuple(f"mq.m5.{size}" for size in ("large", "xlarge", "2xlarge", "4xlarge"))

RABBITMQ_TYPES: Mapping[str, tuple[str, ...]] = {"4.2": _M7G, "3.13": _M7G + _M5}
"""Instance types by the version of RabbitMQ that Amazon MQ makes brokers of."""


def search_zones(nodes: int, zones: int) -> int:
    """Return over how many zones the data nodes of an OpenSearch domain spread, in a network of so many zones."""
    return min(nodes, zones)


def spreads_evenly(nodes: int, zones: int) -> bool:
    """Tell whether the data nodes of a domain fall evenly on the zones that they spread over.

    OpenSearch asks for an even number over two zones, and advises a multiple of three over three.
    """
    return nodes % search_zones(nodes, zones) == 0
