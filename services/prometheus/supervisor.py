"""Runs the Prometheus server as a child, and keeps telling it what to scrape."""

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypedDict

import boto3
from botocore.config import Config

from services.aws import bounded
from services.prometheus.configuration import ServerOptions, arguments, configuration_text, major_version
from services.prometheus.discovery import Discovery, DiscoveryError, write_targets
from services.prometheus.load_balancer import PERIOD_SECONDS, LoadBalancerMetrics, serving
from services.settings import PrometheusSettings

logger = logging.getLogger(__name__)


class _ClientOptions(TypedDict):
    region_name: str
    config: Config


_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run(settings: PrometheusSettings, *, executable: str, folder: Path) -> int:
    """Serves until the server ends, by itself or by SIGTERM, which is passed on; returns its exit code.

    folder: for its configuration and its data. Raises PrometheusNotFoundError.
    """
    major = major_version(executable)
    targets, configuration = folder / "targets.json", folder / "prometheus.yml"
    sdk: _ClientOptions = {"region_name": settings.aws_region, "config": bounded(timeout_seconds=5)}
    ecs = boto3.client("ecs", **sdk)
    discovery = Discovery(ecs, settings.cluster_name, own_service=settings.powertools_service_name)
    write_targets(targets, [])
    with ExitStack() as stack:
        balancer_port = None
        if settings.load_balancer is not None:
            metrics = LoadBalancerMetrics(boto3.client("cloudwatch", **sdk), settings.load_balancer)
            balancer_port = stack.enter_context(serving(metrics))
            stack.enter_context(_repeating(metrics.refresh, PERIOD_SECONDS))
        stack.enter_context(_repeating(_Finder(discovery, targets).find, settings.discovery_interval_seconds))
        options = ServerOptions(
            port=settings.port,
            host=settings.host,
            external_labels={"environment": settings.app_env, "cluster": settings.cluster_name},
            targets=targets,
            folder=folder / "data",
            scrape_interval_seconds=settings.scrape_interval_seconds,
            region=settings.aws_region,
            balancer_port=balancer_port,
            retention_days=settings.retention_days,
            remote_write_url=settings.remote_write_url,
        )
        configuration.write_text(configuration_text(options))
        return _serve([executable, *arguments(options, configuration, major=major)])


class _Finder:
    """Writes the file of targets anew when they have changed."""

    def __init__(self, discovery: Discovery, path: Path) -> None:
        self._discovery = discovery
        self._path = path
        self._known: object = None

    def find(self) -> None:
        try:
            targets = self._discovery.targets()
        except DiscoveryError as error:
            # What was found before goes on being scraped.
            logger.warning("discovery failed", extra={"reason": str(error)})
            return
        if targets != self._known:
            write_targets(self._path, targets)
            self._known = targets
            services = sorted({target.service for target in targets})
            logger.info("targets", extra={"count": len(targets), "services": services})


@contextmanager
def _repeating(action: Callable[[], None], interval_seconds: float) -> Iterator[None]:
    """Calls something at once and then again and again, by a thread of its own."""
    stopped = threading.Event()

    def repeat() -> None:
        while not stopped.is_set():
            begin = time.monotonic()
            try:
                action()
            except Exception:
                # One answer that was not foreseen must not end the discovery for good.
                logger.exception("failed, and tried again", extra={"after_seconds": interval_seconds})
            stopped.wait(max(interval_seconds - (time.monotonic() - begin), 0))

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()


def _serve(command: list[str]) -> int:
    child: subprocess.Popen[bytes] | None = None
    asked = threading.Event()

    def pass_on(number: int, _frame: object) -> None:
        asked.set()
        if child is not None:
            child.send_signal(number)

    before = {each: signal.signal(each, pass_on) for each in _SIGNALS}
    try:
        with subprocess.Popen(command) as child:  # noqa: S603  # the image's own program
            if asked.is_set():  # before there was a child to pass it on to
                child.terminate()
            code = child.wait()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    if not asked.is_set():
        logger.error("the Prometheus server has ended by itself", extra={"exit_code": code})
        return code or 1
    return code
