"""What is measured of every request, in the form that Prometheus scrapes.

Counters of a service's own are made with prometheus_client in the module that counts; `/metrics` shows them all.
"""

from prometheus_client import Counter, Histogram
from starlette.types import Scope

# Up to the 60 s after which the load balancer gives up.
_BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60)
_LABELS = ["method", "route", "status"]
_REQUESTS = Counter("http_requests", "Requests by method, route and status.", _LABELS)
_DURATION = Histogram("http_request_duration_seconds", "How long requests took.", _LABELS, buckets=_BUCKETS_SECONDS)

# Everybody can make up methods and paths; none of them may become a time series.
_METHODS = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
_OTHER = "other"
# Of a request whose client left before the answer.
_UNANSWERED = "none"


def observe_request(scope: Scope, status: int | None, seconds: float) -> None:
    """Counts a request that has been routed."""
    method = scope["method"] if scope["method"] in _METHODS else _OTHER
    route = getattr(scope.get("route"), "path", _OTHER)
    labels = (method, route, str(status or _UNANSWERED))
    _REQUESTS.labels(*labels).inc()
    _DURATION.labels(*labels).observe(seconds)
