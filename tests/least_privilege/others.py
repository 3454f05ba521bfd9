"""What the other systems do with grants of their own, beside what every service and function does."""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from uuid import uuid4

import httpx
from rich.console import Console

from local.demos import prometheus
from local.demos.stage import NotYetError, Stage
from local.errors import LocalError
from tests.e2e.ecommerce.shop import Customer
from tests.least_privilege.checks import SECRETS, Check, is_ready, within
from tests.least_privilege.ground import Deployed, Unit
from tests.least_privilege.workloads import (
    NotDoneError,
    address_of,
    function_of,
    invoke,
    new_task,
    restart_function,
    restart_service,
    service_of,
)

_CHAT = "-1001234567890"
# A start, the discovery of what to ask, and two intervals between requests.
_SCRAPED_SECONDS = 600.0
# The smallest picture there is.
_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def _of(system: str, path: str, *actions: str, on: str = "") -> Callable[[Unit], bool]:
    def guards(unit: Unit) -> bool:
        here = unit.deployment.startswith(f"{system}/") and unit.role.path.endswith(path)
        return here and unit.granted.action in actions and on in unit.granted.resource

    return guards


def _fresh_service(deployed: Deployed, unit: Unit) -> None:
    restart_service(deployed, unit.role_name)


def _fresh_function(deployed: Deployed, unit: Unit) -> None:
    restart_function(deployed, unit.role_name)


def _tells_of_a_ticket(deployed: Deployed, _unit: Unit, seconds: float) -> None:
    request = {"subject": f"text-{uuid4().hex}", "description": "It hums.", "chat": _CHAT}

    def taken() -> str | None:
        answer = deployed.request("/tickets", request)
        return str(answer.document["id"]) if answer.is_success else None

    ticket = within(seconds, "the ticket to be taken", taken)

    def ended() -> str | None:
        status = str(deployed.get(f"/tickets/{ticket}")["status"])
        return None if status == "received" else status

    if (status := within(seconds, "the ticket to be told", ended)) != "notified":
        raise NotDoneError(f"the ticket ended as {status}")


def _plan(deployed: Deployed, channel: str, recipient: str, seconds: float) -> str:
    due = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    body = {"channel": channel, "recipient": recipient, "body": f"text-{uuid4().hex}", "send_at": due}

    def taken() -> str | None:
        answer = deployed.request("/schedules", body)
        return str(answer.document["id"]) if answer.is_success else None

    return within(seconds, "the schedule to be taken", taken)


def _carries_out(channel: str, recipient: str) -> Callable[[Deployed, Unit, float], None]:
    def look(deployed: Deployed, _unit: Unit, seconds: float) -> None:
        to = recipient or f"{deployed.settings.receiver_url}/webhook/hello"
        schedule = _plan(deployed, channel, to, seconds)

        def ended() -> list[str] | None:
            found = [str(each["status"]) for each in deployed.get(f"/schedules/{schedule}")["notifications"]]
            return found if found and not {"planned", "ready", "sending"} & set(found) else None

        if (found := within(seconds, f"the schedule to be carried out by {channel}", ended)) != ["sent"]:
            raise NotDoneError(f"the notifications ended as {found}")

    return look


def _reads_through_its_cache(deployed: Deployed, unit: Unit, seconds: float) -> None:
    """What a task has read twice, it has found in the cache the second time."""
    schedule = _plan(deployed, "webhook", f"{deployed.settings.receiver_url}/webhook/hello", max(seconds, 20))
    with new_task(deployed, service_of(deployed, unit.role_name), seconds=max(seconds, 20)) as task:
        address = address_of(deployed, unit.role_name, task)

        def hit() -> bool | None:
            try:
                httpx.get(f"{address}/schedules/{schedule}", timeout=5)
                metrics = httpx.get(f"{address}/metrics", timeout=5).text
            except httpx.HTTPError:
                return None
            return 'cache_reads_total{cache="schedules",outcome="hit"}' in metrics or None

        within(seconds, "a hit in the cache", hit)


def _sells(deployed: Deployed, _unit: Unit, seconds: float) -> None:
    """An order through all services, to the mail and the search at its end."""

    def signed_in() -> Customer | None:
        try:
            return Customer.sign_in(deployed)
        except AssertionError:
            return None

    customer = within(seconds, "a session", signed_in)
    name = f"Kettle {uuid4().hex[:8]}"

    def offered() -> str | None:
        answer = customer.request("/products", {"name": name, "price_cents": 4200})
        return str(answer.document["id"]) if answer.is_success else None

    product = within(seconds, "a product", offered)
    stock = {"quantity": 5}
    within(
        seconds,
        "the stock",
        lambda: customer.request(f"/inventory/{product}", stock, method="PUT").is_success or None,
    )

    def placed() -> str | None:
        answer = customer.request("/orders", {"product_id": product, "quantity": 1})
        return str(answer.document["id"]) if answer.is_success else None

    order = within(seconds, "the order", placed)

    def confirmed() -> bool | None:
        return customer.request(f"/orders/{order}").document.get("status") == "confirmed" or None

    within(seconds, "the confirmation", confirmed)
    within(seconds, "the mail", lambda: bool(customer.mails(order)) or None)
    within(seconds, "word of the mail", lambda: customer.request(f"/order-notifications/{order}").is_success or None)

    def searched() -> bool | None:
        answer = deployed.request(f"/search?q={name.replace(' ', '+')}")
        return (answer.is_success and name in str(answer.document["items"])) or None

    within(seconds, "the search", searched)


def _keeps_pictures(deployed: Deployed, _unit: Unit, _seconds: float) -> None:
    customer = Customer.sign_in(deployed)
    answer = customer.request("/products", {"name": f"Kettle {uuid4().hex[:8]}", "price_cents": 4200})
    path = f"/products/{answer.document['id']}/picture"
    for refused in (
        deployed.request(
            path,
            _PICTURE,
            method="PUT",
            headers={"authorization": f"Bearer {customer.token}", "content-type": "image/png"},
        ),
        found := deployed.request(path),
    ):
        if not refused.is_success:
            raise NotDoneError(f"{path} was answered {refused.status}: {refused.document}")
    if found.content != _PICTURE:
        raise NotDoneError("another picture came back")


def _dumps(deployed: Deployed, unit: Unit, _seconds: float) -> None:
    answer = invoke(deployed, function_of(deployed, unit.role_name), {})
    if not answer.get("key"):
        raise NotDoneError(f"nothing was dumped: {answer}")


def _scrapes(query: str) -> Callable[[Deployed, Unit, float], None]:
    def look(deployed: Deployed, _unit: Unit, seconds: float) -> None:
        stage = Stage(settings=deployed.settings, deployment=deployed.state.last, console=Console(quiet=True))

        def answered() -> bool | None:
            try:
                return prometheus.value(stage, query) >= 1 or None
            except (NotYetError, LocalError):
                return None

        # Until the server runs, has found what to ask, and has asked once.
        within(seconds, query, answered)

    return look


_TICKETS = "Api/Tickets/Task/TaskRole"
_NOTIFIER = "Api/Notifier/Task/TaskRole"
_PROMETHEUS = "Monitoring/Prometheus/Server/Task/TaskRole"
_DUMP = "Backup/Dump/Dump/Role"
CHECKS: Mapping[str, Sequence[Check]] = MappingProxyType(
    {
        "ticketero": (
            Check(
                name="a ticket is told",
                guards=_of("ticketero", _TICKETS, *SECRETS),
                look=_tells_of_a_ticket,
                refresh=_fresh_service,
            ),
        ),
        "platform": (
            Check(
                name="the API reads through its cache",
                guards=_of("platform", "Api/Api/Task/TaskRole", *SECRETS, on="<Cache/"),
                look=_reads_through_its_cache,
            ),
            Check(
                name="a schedule is carried out by Telegram",
                # The key of the stack in which the services stand is for the token alone.
                guards=lambda unit: (
                    _of("platform", _NOTIFIER, *SECRETS, on="Telegram")(unit)
                    or _of("platform", _NOTIFIER, "kms:Decrypt", on="<Api/")(unit)
                ),
                look=_carries_out("telegram", _CHAT),
                refresh=_fresh_service,
            ),
            Check(
                name="a schedule is carried out by e-mail",
                guards=_of("platform", _NOTIFIER, "ses:SendEmail"),
                look=_carries_out("email", "ada@example.com"),
            ),
            Check(
                name="a schedule is carried out by SMS",
                guards=_of("platform", _NOTIFIER, "sns:Publish"),
                look=_carries_out("sms", "+14155550123"),
            ),
            Check(
                name="a schedule is carried out",
                guards=lambda unit: any(
                    _of("platform", f"Api/{name}/Task/TaskRole", *SECRETS)(unit)
                    for name in ("Worker", "Scheduler", "Notifier")
                ),
                look=_carries_out("webhook", ""),
                refresh=_fresh_service,
            ),
        ),
        "webapp": (
            Check(
                name="the database is dumped and restored",
                guards=_of("webapp", _DUMP, "s3:GetObject", "s3:PutObject", "kms:GenerateDataKey", *SECRETS),
                look=_dumps,
                refresh=_fresh_function,
            ),
            Check(
                name="Prometheus sees the load balancer",
                guards=_of("webapp", _PROMETHEUS, "cloudwatch:GetMetricData"),
                look=_scrapes("aws_alb_up"),
                refresh=_fresh_service,
                green_seconds=_SCRAPED_SECONDS,
            ),
            Check(
                name="Prometheus sees the service",
                guards=_of("webapp", _PROMETHEUS, "ecs:ListTasks", "ecs:DescribeTasks", "ecs:DescribeTaskDefinition"),
                look=_scrapes('up{service="web"}'),
                refresh=_fresh_service,
                green_seconds=_SCRAPED_SECONDS,
            ),
        ),
        "ecommerce": (
            Check(
                name="a picture is kept",
                guards=_of(
                    "ecommerce",
                    "Api/Product/Task/TaskRole",
                    *("s3:GetObject", "s3:PutObject", "kms:Decrypt", "kms:GenerateDataKey"),
                    on="<Storage/",
                ),
                look=_keeps_pictures,
            ),
            Check(
                name="a new task is ready",
                guards=_of("ecommerce", "Api/Product/Task/TaskRole", "s3:ListBucket"),
                look=is_ready,
            ),
            Check(
                name="an order is mailed",
                guards=_of("ecommerce", "Api/Notification/Task/TaskRole", "ses:SendEmail"),
                look=_sells,
            ),
            Check(
                name="an order goes through",
                guards=_of("ecommerce", "/Task/TaskRole", *SECRETS, on="Broker"),
                look=_sells,
                refresh=_fresh_service,
            ),
        ),
    }
)
