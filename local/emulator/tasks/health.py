"""Health checks: a target group's, asked over HTTP as the load balancer asks it, and what all kinds have in common."""

import contextlib
import http.client
from dataclasses import dataclass
from typing import Any, Protocol

from ministack.services import alb

from local.emulator.ports import LOOPBACK


class Check(Protocol):
    """Something that a container has to pass, first to count as started, then again and again."""

    @property
    def name(self) -> str:
        """What is asked, for messages."""

    @property
    def interval_seconds(self) -> float:
        """Pause between two checks of a container that runs."""

    @property
    def pace_seconds(self) -> float:
        """Pause between two checks of a container that starts: short, somebody waits for it."""

    @property
    def unhealthy_count(self) -> int:
        """Failures in a row after which the container is replaced."""

    @property
    def patience_seconds(self) -> float:
        """Time until a container that starts must have passed."""

    def passes(self, port: int) -> bool:
        """Whether the container that listens on this local port passes now."""


@dataclass(frozen=True, slots=True)
class TargetGroupCheck:
    """What a target group wants to see of a target."""

    container_port: int
    path: str
    codes: str
    interval_seconds: float
    timeout_seconds: float
    unhealthy_count: int
    grace_seconds: float
    """The service's grace period, in which failures do not count."""

    @property
    def name(self) -> str:
        """The path."""
        return self.path

    @property
    def pace_seconds(self) -> float:
        """A request costs next to nothing."""
        return 0.1

    @property
    def patience_seconds(self) -> float:
        """The grace period, and the failures that are needed after it."""
        return self.grace_seconds + self.interval_seconds * self.unhealthy_count

    def passes(self, port: int) -> bool:
        """Whether the target on this local port answers with an expected status in time."""
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=self.timeout_seconds)
        with contextlib.closing(connection):
            try:
                connection.request(
                    "GET", self.path, headers={"User-Agent": "ELB-HealthChecker/2.0", "Connection": "close"}
                )
                response = connection.getresponse()
                # To the end: closing before it would reset the connection under the target's hands.
                response.read()
                return self._expects(response.status)
            except (OSError, http.client.HTTPException):
                return False

    def _expects(self, status: int) -> bool:
        """`200`, `200,204` or `200-299`, as in the target group's matcher."""
        for part in self.codes.split(","):
            first, _, last = part.strip().partition("-")
            if int(first) <= status <= int(last or first):
                return True
        return False


def of_target_group(service: dict[str, Any] | None, container: str) -> TargetGroupCheck | None:
    """The check of the first target group that a service registers a container with, if any."""
    for balancer in (service or {}).get("loadBalancers") or []:
        group = alb._tgs.get(balancer.get("targetGroupArn"))
        if group is None or balancer.get("containerName") != container:
            continue
        return TargetGroupCheck(
            container_port=int(balancer["containerPort"]),
            path=str(group.get("HealthCheckPath") or "/"),
            codes=str((group.get("Matcher") or {}).get("HttpCode") or "200"),
            interval_seconds=float(group.get("HealthCheckIntervalSeconds") or 30),
            timeout_seconds=float(group.get("HealthCheckTimeoutSeconds") or 5),
            unhealthy_count=int(group.get("UnhealthyThresholdCount") or 2),
            grace_seconds=float((service or {}).get("healthCheckGracePeriodSeconds") or 0),
        )
    return None
