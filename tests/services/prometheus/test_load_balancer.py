"""The load balancer's figures, from the emulator's CloudWatch to Prometheus' text."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
import httpx
import pytest

from services.prometheus import load_balancer
from services.prometheus.load_balancer import METRICS, LoadBalancerMetrics, serving
from tests.support.emulator import Aws
from tests.support.serving import CLIENT_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient


@pytest.fixture
def cloudwatch(aws: Aws) -> "CloudWatchClient":  # noqa: ARG001  # leads the SDK to the emulator
    return boto3.client("cloudwatch")


@pytest.fixture
def balancer() -> str:
    return f"app/shop/{uuid4().hex[:16]}"


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The moment at which figures are asked for: no minute ends between them and the question."""
    moment = datetime.now(UTC)
    monkeypatch.setattr(load_balancer, "datetime", SimpleNamespace(now=lambda _zone: moment))
    return moment


def put(cloudwatch: "CloudWatchClient", balancer: str, now: datetime, *, minutes_ago: int = 3, **values: float) -> None:
    within_the_minute = now.replace(second=30, microsecond=0)
    cloudwatch.put_metric_data(
        Namespace="AWS/ApplicationELB",
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": [{"Name": "LoadBalancer", "Value": balancer}],
                "Timestamp": within_the_minute - timedelta(minutes=minutes_ago),
                "Value": value,
            }
            for name, value in values.items()
        ],
    )


def samples(text: str) -> dict[str, float]:
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_figures_of_the_last_complete_minute(cloudwatch: "CloudWatchClient", balancer: str, now: datetime) -> None:
    put(cloudwatch, balancer, now, RequestCount=1_234_567, TargetResponseTime=0.25, HTTPCode_Target_5XX_Count=3)
    # One that is not complete yet.
    put(cloudwatch, balancer, now, minutes_ago=1, RequestCount=9)
    metrics = LoadBalancerMetrics(cloudwatch, balancer)
    metrics.refresh()
    label = f'{{load_balancer="{balancer}"}}'
    assert samples(metrics.exposition()) == {
        f"aws_alb_up{label}": 1,
        f"aws_alb_requests{label}": 1_234_567,
        f"aws_alb_target_response_seconds_average{label}": 0.25,
        f"aws_alb_target_response_seconds_p95{label}": 0.25,
        f"aws_alb_own_5xx_responses{label}": 0,
        f"aws_alb_target_2xx_responses{label}": 0,
        f"aws_alb_target_4xx_responses{label}": 0,
        f"aws_alb_target_5xx_responses{label}": 3,
    }


def test_without_requests_there_are_zeros_and_no_time(cloudwatch: "CloudWatchClient", balancer: str) -> None:
    metrics = LoadBalancerMetrics(cloudwatch, balancer)
    metrics.refresh()
    found = samples(metrics.exposition())
    assert found.pop(f'aws_alb_up{{load_balancer="{balancer}"}}') == 1
    assert set(found.values()) == {0}
    assert not any("seconds" in name for name in found)
    assert len(found) == sum(metric.absent is not None for metric in METRICS)


def test_a_cloudwatch_that_fails_takes_the_old_figures_away(
    cloudwatch: "CloudWatchClient", balancer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = LoadBalancerMetrics(cloudwatch, balancer)
    metrics.refresh()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    metrics._client = boto3.client("cloudwatch")
    metrics.refresh()
    assert samples(metrics.exposition()) == {f'aws_alb_up{{load_balancer="{balancer}"}}': 0}


def test_they_are_served_in_prometheus_own_format(cloudwatch: "CloudWatchClient", balancer: str) -> None:
    metrics = LoadBalancerMetrics(cloudwatch, balancer)
    with serving(metrics) as port:
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=CLIENT_SECONDS)
        assert answer.text == metrics.exposition()
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert httpx.get(f"http://127.0.0.1:{port}/", timeout=CLIENT_SECONDS).status_code == 404
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/metrics")
