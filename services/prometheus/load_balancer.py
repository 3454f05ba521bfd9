"""The load balancer's metrics: taken from CloudWatch, offered to Prometheus on loopback.

How many targets are healthy is not among them: Prometheus sees each target's `up` by itself.
"""

import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

logger = logging.getLogger(__name__)

# An Application Load Balancer reports once a minute.
PERIOD_SECONDS = 60
# A minute is complete, and sums do not change any more, some two minutes after its end.
_DELAY_SECONDS = 120
_NAMESPACE = "AWS/ApplicationELB"
_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Metric:
    """One of CloudWatch's metrics as Prometheus is told it. `absent`: what no data point means; None for nothing."""

    cloudwatch: str
    statistic: str
    name: str
    help: str
    absent: float | None = 0.0


# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html:
# counts are reported when they are not zero.
METRICS = (
    Metric("RequestCount", "Sum", "aws_alb_requests", "Requests in the last complete minute."),
    Metric(
        "TargetResponseTime",
        "Average",
        "aws_alb_target_response_seconds_average",
        "Mean time until a target answered, in the last complete minute.",
        absent=None,
    ),
    Metric(
        "TargetResponseTime",
        "p95",
        "aws_alb_target_response_seconds_p95",
        "95th percentile of the time until a target answered, in the last complete minute.",
        absent=None,
    ),
    Metric(
        "HTTPCode_ELB_5XX_Count",
        "Sum",
        "aws_alb_own_5xx_responses",
        "5xx that the load balancer answered itself, in the last complete minute.",
    ),
    *(
        Metric(
            f"HTTPCode_Target_{code}XX_Count",
            "Sum",
            f"aws_alb_target_{code}xx_responses",
            f"{code}xx that targets answered, in the last complete minute.",
        )
        for code in (2, 4, 5)
    ),
)


class LoadBalancerMetrics:
    """The latest figures of one load balancer. Safe to share between threads.

    name: its full name, such as `app/shop/50dc6c495c0c9188`.
    """

    def __init__(self, client: "CloudWatchClient", name: str) -> None:
        self._client = client
        self._name = name
        self._values: dict[Metric, float] = {}
        self._reachable = False
        self._guard = threading.Lock()

    def refresh(self) -> None:
        """Asks CloudWatch for the last complete minute. What fails is logged, and told by `aws_alb_up`."""
        end = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(seconds=_DELAY_SECONDS)
        try:
            answer = self._client.get_metric_data(
                MetricDataQueries=[self._query(number, metric) for number, metric in enumerate(METRICS)],
                StartTime=end - timedelta(seconds=PERIOD_SECONDS),
                EndTime=end,
                ScanBy="TimestampDescending",
            )
        except (BotoCoreError, ClientError) as error:
            logger.warning("the load balancer's metrics cannot be read", extra={"reason": str(error)})
            with self._guard:
                self._reachable, self._values = False, {}
            return
        points = {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}
        values = {}
        for number, metric in enumerate(METRICS):
            found = points.get(f"m{number}") or []
            value = found[0] if found else metric.absent
            if value is not None:
                values[metric] = value
        with self._guard:
            self._reachable, self._values = True, values

    def exposition(self) -> str:
        """The figures in Prometheus' text format."""
        with self._guard:
            reachable, values = self._reachable, dict(self._values)
        label = f'{{load_balancer="{self._name}"}}'
        lines = list(_sample("aws_alb_up", "Whether CloudWatch answered.", label, float(reachable)))
        for metric, value in values.items():
            lines += _sample(metric.name, metric.help, label, value)
        return "\n".join([*lines, ""])

    def _query(self, number: int, metric: Metric) -> "MetricDataQueryTypeDef":
        return {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": _NAMESPACE,
                    "MetricName": metric.cloudwatch,
                    "Dimensions": [{"Name": "LoadBalancer", "Value": self._name}],
                },
                "Period": PERIOD_SECONDS,
                "Stat": metric.statistic,
            },
        }


@contextmanager
def serving(metrics: LoadBalancerMetrics) -> Iterator[int]:
    """Serves `/metrics` on a free loopback port, which it yields."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/metrics"
            body = metrics.exposition().encode() if found else b""
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", _CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """A scrape every few seconds is nothing to log."""

    server = ThreadingHTTPServer((_LOOPBACK, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="load-balancer-metrics", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def _sample(name: str, description: str, label: str, value: float) -> Iterable[str]:
    return (f"# HELP {name} {description}", f"# TYPE {name} gauge", f"{name}{label} {value!r}")
