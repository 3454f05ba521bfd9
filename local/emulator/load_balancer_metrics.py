"""CloudWatch metrics of the load balancers: what each and each of its target groups has answered, and how fast.

Names and meanings as in the User Guide for Application Load Balancers, "CloudWatch metrics". The path of a request only
counts; a thread hands the counts to CloudWatch every few seconds while there are requests, and sleeps otherwise.
"""

import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import StreamingResponse, request_scope
from ministack.services import alb, cloudwatch

Response = tuple[int, dict[str, Any], Any]
Dispatch = Callable[..., Awaitable[Response]]

NAMESPACE = "AWS/ApplicationELB"
# CloudWatch on AWS tells of a request after one to three minutes.
PUBLISHED_AFTER_SECONDS = 3.0

_ELB_ERRORS_OF_THEIR_OWN = (502, 503, 504)
_forwarded_to: ContextVar[str | None] = ContextVar("_forwarded_to", default=None)


@dataclass(frozen=True, slots=True)
class _Sample:
    """One value of one metric; a load balancer's own has no target group."""

    balancer: str
    group: str | None
    metric: str
    value: float


class RequestMetrics:
    """Counts requests, and publishes the counts."""

    def __init__(self) -> None:
        """Begin to publish."""
        self._counts: Counter[_Sample] = Counter()
        self._guard = threading.Lock()
        self._some = threading.Event()
        threading.Thread(target=self._publish_for_ever, daemon=True, name="load-balancer-metrics").start()

    def count(self, balancer: str, group: str | None, metrics: dict[str, float]) -> None:
        """Count the metrics of one request, for the load balancer and for the target group if it reached one."""
        with self._guard:
            for metric, value in metrics.items():
                for of in {None, group}:
                    self._counts[_Sample(balancer, of, metric, value)] += 1
        self._some.set()

    def _publish_for_ever(self) -> None:
        while True:
            self._some.wait()
            time.sleep(PUBLISHED_AFTER_SECONDS)
            self._some.clear()
            with self._guard:
                counts, self._counts = self._counts, Counter()
            self._publish(counts)

    @staticmethod
    def _publish(counts: Counter[_Sample]) -> None:
        now = time.time()
        for balancer in {sample.balancer for sample in counts}:
            _, _, _, region, account, *_ = balancer.split(":")
            with request_scope(account, region):
                for sample, count in counts.items():
                    if sample.balancer != balancer:
                        continue
                    dimensions = {"LoadBalancer": balancer.split(":loadbalancer/")[1]}
                    if sample.group:
                        dimensions["TargetGroup"] = sample.group.rsplit(":", 1)[1]
                    unit = "Seconds" if sample.metric == "TargetResponseTime" else "Count"
                    cloudwatch._store_datum(
                        NAMESPACE, sample.metric, dimensions, now, unit, None, [sample.value], [count], None
                    )
                cloudwatch._evaluate_all_alarms()


def install() -> None:
    """Count what the load balancers answer."""
    alb._forward_to_tg = _noting_the_group(alb._forward_to_tg)
    alb.dispatch_request = _counting(alb.dispatch_request, RequestMetrics())


def _noting_the_group(forward: Dispatch) -> Dispatch:
    async def forward_to_group(arn: str, *arguments: Any, **named: Any) -> Response:
        _forwarded_to.set(arn)
        return await forward(arn, *arguments, **named)

    return forward_to_group


def _counting(dispatch: Dispatch, metrics: RequestMetrics) -> Dispatch:
    async def dispatch_and_count(balancer: dict[str, Any], *arguments: Any, **named: Any) -> Response:
        _forwarded_to.set(None)
        begin = time.monotonic()
        response = await dispatch(balancer, *arguments, **named)
        seconds = time.monotonic() - begin
        group = _forwarded_to.get()
        metrics.count(balancer["LoadBalancerArn"], group, _of(response, group, seconds))
        return response

    return dispatch_and_count


def _of(response: Response, group: str | None, seconds: float) -> dict[str, float]:
    """The metrics of one request: its answer came from a target, or from the load balancer itself."""
    status, _, body = response
    hundred = f"{status // 100}XX"
    if group and isinstance(body, StreamingResponse):
        # Milliseconds are exact enough, and let equal ones be counted together.
        return {"RequestCount": 1, f"HTTPCode_Target_{hundred}_Count": 1, "TargetResponseTime": round(seconds, 3)}
    found: dict[str, float] = {"RequestCount": 1, f"HTTPCode_ELB_{hundred}_Count": 1}
    if status in _ELB_ERRORS_OF_THEIR_OWN:
        found[f"HTTPCode_ELB_{status}_Count"] = 1
    return found
