"""The health check of a target group, asked over HTTP as the load balancer asks it."""

import contextlib
import http.client
from dataclasses import dataclass
from typing import Any

from ministack.services import alb

from local.emulator.ports import LOOPBACK


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """What a target group wants to see of a target."""

    container_port: int
    path: str
    codes: str
    interval_seconds: float
    timeout_seconds: float
    unhealthy_count: int

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


def of_container(service: dict[str, Any] | None, container: str) -> HealthCheck | None:
    """The check of the first target group that a service registers a container with, if any."""
    for balancer in (service or {}).get("loadBalancers") or []:
        group = alb._tgs.get(balancer.get("targetGroupArn"))
        if group is None or balancer.get("containerName") != container:
            continue
        return HealthCheck(
            container_port=int(balancer["containerPort"]),
            path=str(group.get("HealthCheckPath") or "/"),
            codes=str((group.get("Matcher") or {}).get("HttpCode") or "200"),
            interval_seconds=float(group.get("HealthCheckIntervalSeconds") or 30),
            timeout_seconds=float(group.get("HealthCheckTimeoutSeconds") or 5),
            unhealthy_count=int(group.get("UnhealthyThresholdCount") or 2),
        )
    return None
