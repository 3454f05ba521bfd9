"""What notifications does with each of its grants."""

import json
from typing import Any
from uuid import uuid4

import psycopg

from services.intake import QUEUED
from tests.least_privilege.checks import SECRETS, Check, within
from tests.least_privilege.ground import Deployed, Unit
from tests.least_privilege.workloads import (
    NotDoneError,
    function_of,
    invoke,
    messages,
    restart_function,
)

_RECIPIENTS = {"email": "ada@example.com", "sms": "+14155550123", "telegram": "-1001234567890"}
# A function is asked for its start besides.
_PATIENCE_SECONDS = 90.0


def notify(deployed: Deployed, channel: str, recipient: str | None = None) -> tuple[str, str]:
    """Hand in a notification; its id and its text."""
    text = f"text-{uuid4().hex}"
    to = recipient or _RECIPIENTS.get(channel) or f"{deployed.settings.receiver_url}/webhook/hello"
    body = {"channel": channel, "recipient": to, "body": text}
    return str(deployed.ask("/notifications", body)["id"]), text


def settled(deployed: Deployed, identifier: str, seconds: float) -> str:
    """What became of a notification."""

    def ended() -> str | None:
        status = str(deployed.get(f"/notifications/{identifier}")["status"])
        return None if status == "queued" else status

    return within(seconds, f"an end of notification {identifier}", ended)


def _delivers(channel: str) -> Any:
    def look(deployed: Deployed, _unit: Unit, seconds: float) -> None:
        identifier, _ = notify(deployed, channel)
        if (status := settled(deployed, identifier, seconds)) != "sent":
            raise NotDoneError(f"the notification ended as {status}")

    return look


def _forgets_what_is_delivered(deployed: Deployed, _unit: Unit, seconds: float) -> None:
    identifier, text = notify(deployed, "webhook")
    settled(deployed, identifier, max(seconds, _PATIENCE_SECONDS))
    queue = deployed.output("Queue", "QueueUrl")
    gone = lambda: True if identifier not in str(messages(deployed, queue)) else None  # noqa: E731
    within(seconds, f"the end of the message of {text}", gone)


def dead_letter(deployed: Deployed, seconds: float) -> str:
    """The id of a notification that its receiver refuses for good, once its message is parked."""
    identifier, _ = notify(deployed, "webhook", f"{deployed.settings.receiver_url}/webhook/status/410")
    within(seconds, "the dead letter", lambda: True if identifier in _dead(deployed) else None)
    return identifier


def _dead(deployed: Deployed) -> str:
    return str([each["Body"] for each in messages(deployed, deployed.output("Queue", "DeadLetterQueueUrl"))])


def _parks(deployed: Deployed, _unit: Unit, seconds: float) -> None:
    dead_letter(deployed, seconds)


def _tries_again_soon(deployed: Deployed, _unit: Unit, seconds: float) -> None:
    """Five seconds after a failure, and not after the visibility timeout of minutes."""
    again = f"{deployed.settings.receiver_url}/webhook/fail-first/1/{uuid4().hex}"
    identifier, _ = notify(deployed, "webhook", again)
    if settled(deployed, identifier, seconds + 8) != "sent":
        raise NotDoneError("the second attempt failed too")


def _sends_again(deployed: Deployed, unit: Unit, seconds: float) -> None:
    """A dead letter, and a failure that has none."""
    identifier = dead_letter(deployed, _PATIENCE_SECONDS)
    _mend(deployed, identifier)
    _replay(deployed, unit)
    if settled(deployed, identifier, seconds) != "sent":
        raise NotDoneError("it failed again")
    within(seconds, "the dead letter to go", lambda: True if identifier not in _dead(deployed) else None)


def _gives_back_what_it_does_not_want(deployed: Deployed, unit: Unit, seconds: float) -> None:
    """A letter of another channel is visible again at once, and not when it has been hidden for minutes."""
    identifier = dead_letter(deployed, _PATIENCE_SECONDS)
    _replay(deployed, unit, channel="email")
    _mend(deployed, identifier)
    answer = _replay(deployed, unit, failed=False)
    if not answer.get("from_dlq"):
        raise NotDoneError(f"the letter was not there: {answer}")
    settled(deployed, identifier, max(seconds, _PATIENCE_SECONDS))


def _replay(deployed: Deployed, unit: Unit, **event: Any) -> dict[str, Any]:
    answer = invoke(deployed, function_of(deployed, unit.role_name), {"limit": 1000, **event})
    if "error" in answer:
        raise NotDoneError(f"the replay failed: {answer['error']}")
    if answer.get("left_in_outbox"):
        raise NotDoneError(f"not all were put on the queue: {answer}")
    return dict(answer)


def _mend(deployed: Deployed, identifier: str) -> None:
    """Give the notification an address that takes it; its parked message has the former one."""
    with psycopg.connect(**deployed.database(), autocommit=True) as connection:
        connection.execute(
            "UPDATE notifications SET recipient = %s WHERE id = %s",
            (f"{deployed.settings.receiver_url}/webhook/mended", identifier),
        )


def _sweeps(deployed: Deployed, unit: Unit, seconds: float) -> None:
    """What no API puts on the queue; one that has just started may be first, and then there is nothing to sweep."""

    def swept() -> str | None:
        identifier = _left_in_outbox(deployed)
        answer = invoke(deployed, function_of(deployed, unit.role_name), {})
        return identifier if answer["found"] else None

    identifier = within(seconds, "something to sweep", swept)

    # Nobody's key owns it, so that the API shows it to nobody.
    def sent() -> bool | None:
        with psycopg.connect(**deployed.database(), autocommit=True) as connection:
            found = connection.execute("SELECT status FROM notifications WHERE id = %s", (identifier,)).fetchone()
        return True if found == ("sent",) else None

    within(seconds, "the delivery", sent)


def _left_in_outbox(deployed: Deployed) -> str:
    """The id of a notification that waits there."""
    identifier, text = str(uuid4()), f"text-{uuid4().hex}"
    message = {"id": identifier, "channel": "sms", "recipient": _RECIPIENTS["sms"], "body": text}
    with psycopg.connect(**deployed.database(), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO notifications (id, channel, recipient, body) VALUES (%(id)s, 'sms', %(recipient)s, %(body)s)",
            message,
        )
        connection.execute(
            "INSERT INTO outbox (id, topic, payload) VALUES (%s, %s, %s)", (uuid4(), QUEUED, json.dumps(message))
        )
    return identifier


def _of(unit: Unit, path: str, *actions: str, on: str = "") -> bool:
    here = unit.deployment.startswith("notifications/") and path in unit.role.path
    return here and unit.granted.action in actions and on in unit.granted.resource


def _fresh_function(deployed: Deployed, unit: Unit) -> None:
    restart_function(deployed, unit.role_name)


_API, _WORKER, _REPLAY, _SWEEPER = "Api/Api/Task/TaskRole", "Worker/Worker/", "Worker/Replay/", "/Sweeper/"
CHECKS: tuple[Check, ...] = (
    Check(
        name="what is accepted is delivered",
        guards=lambda unit: (
            _of(unit, _API, "sqs:SendMessage", "kms:Decrypt", "kms:GenerateDataKey", on="<Queue/")
            or _of(unit, _WORKER, "sqs:ReceiveMessage", "sqs:GetQueueAttributes", "kms:Decrypt", on="<Queue/")
        ),
        look=_delivers("webhook"),
    ),
    Check(
        name="Telegram is delivered",
        guards=lambda unit: _of(unit, _WORKER, *SECRETS, on="<Worker/"),
        look=_delivers("telegram"),
        refresh=_fresh_function,
    ),
    Check(
        name="the worker delivers",
        guards=lambda unit: _of(unit, _WORKER, *SECRETS, on="<Database/"),
        look=_delivers("webhook"),
        refresh=_fresh_function,
    ),
    Check(name="e-mail is delivered", guards=lambda unit: _of(unit, _WORKER, "ses:SendEmail"), look=_delivers("email")),
    Check(name="SMS are delivered", guards=lambda unit: _of(unit, _WORKER, "sns:Publish"), look=_delivers("sms")),
    Check(
        name="a delivered message leaves the queue",
        guards=lambda unit: _of(unit, _WORKER, "sqs:DeleteMessage"),
        look=_forgets_what_is_delivered,
    ),
    Check(
        name="what is refused for good is parked",
        guards=lambda unit: _of(unit, _WORKER, "sqs:SendMessage", "kms:GenerateDataKey"),
        look=_parks,
    ),
    Check(
        name="a failure is tried again soon",
        guards=lambda unit: _of(unit, _WORKER, "sqs:ChangeMessageVisibility"),
        look=_tries_again_soon,
    ),
    Check(
        name="a letter that is not wanted is given back",
        guards=lambda unit: _of(unit, _REPLAY, "sqs:ChangeMessageVisibility"),
        look=_gives_back_what_it_does_not_want,
    ),
    Check(
        name="what failed is sent again",
        guards=lambda unit: _of(
            unit,
            _REPLAY,
            *("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "kms:GenerateDataKey", *SECRETS),
        ),
        look=_sends_again,
        refresh=_fresh_function,
    ),
    Check(
        name="the sweeper sends what stayed",
        guards=lambda unit: _of(unit, _SWEEPER, "sqs:SendMessage", "kms:GenerateDataKey", *SECRETS),
        look=_sweeps,
        refresh=_fresh_function,
    ),
)
