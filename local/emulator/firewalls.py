"""What a web ACL does in front of a load balancer here: it limits how often an address may ask.

Rules of AWS's managed groups are not public, so they have no effect; `local.emulator.resources.firewalls` lists them.
"""

import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from ministack.core.responses import get_request_client_ip
from ministack.services import alb, waf

Response = tuple[int, dict[str, Any], Any]
Rule = dict[str, Any]
# What WAF answers where a rule names no other status, and over how many seconds it counts where none is named.
_FORBIDDEN = 403
_WINDOW_SECONDS = 300


class RateLimits:
    """Counts the requests of each address, by load balancer and rule."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Tell the time by `clock`, in seconds."""
        self._clock = clock
        self._asked: dict[tuple[str, str, str], deque[float]] = defaultdict(deque)

    def refusal(self, balancer: str, address: str, rules: list[Rule]) -> int | None:
        """Count a request. Returns the status to refuse it with; None lets it through."""
        for rule in sorted(rules, key=lambda each: int(each.get("Priority") or 0)):
            limit = (rule.get("Statement") or {}).get("RateBasedStatement")
            if limit is None or limit.get("AggregateKeyType", "IP") != "IP":
                continue
            window = float(limit.get("EvaluationWindowSec") or _WINDOW_SECONDS)
            asked = self._asked[balancer, str(rule.get("Name")), address]
            now = self._clock()
            while asked and asked[0] <= now - window:
                asked.popleft()
            # What is beyond the limit need not be remembered one by one.
            if len(asked) <= int(limit["Limit"]):
                asked.append(now)
            blocks = (rule.get("Action") or {}).get("Block")
            if len(asked) > int(limit["Limit"]) and blocks is not None:
                return int((blocks.get("CustomResponse") or {}).get("ResponseCode") or _FORBIDDEN)
        return None


def install() -> None:
    """Put the limits before the data plane of load balancers."""
    alb.dispatch_request = _guarded(alb.dispatch_request, RateLimits())


def _guarded(dispatch: Callable[..., Awaitable[Response]], limits: RateLimits) -> Callable[..., Awaitable[Response]]:
    async def guarded(balancer: dict[str, Any], *arguments: Any, **named: Any) -> Response:
        arn = str(balancer["LoadBalancerArn"])
        for rules in _rules_of(arn):
            address = str(named.get("client_ip") or get_request_client_ip())
            status = limits.refusal(arn, address, rules)
            if status is not None:
                return status, {"Content-Type": "text/html", "Server": "awselb/2.0"}, b""
        return await dispatch(balancer, *arguments, **named)

    return guarded


def _rules_of(balancer: str) -> Iterator[list[Rule]]:
    acl_arn = waf._associations.get(balancer)
    acl, _ = waf._resolve_local_web_acl(acl_arn) if acl_arn else (None, None)
    if acl is not None:
        yield list(acl.get("Rules") or [])
