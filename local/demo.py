"""One notification per channel through the deployed notifications system, followed until it is delivered.

The only part of `local` that knows the system it runs.
"""

import re
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from local.cloud import client_options, session
from local.errors import LocalError
from local.settings import Settings
from local.state import State
from local.web import UnreachableError, get_json, send

HTTPS_ONLY = frozenset({"prod"})
DOMAIN = "notifications.example.com"
TOKEN_OUTPUT = "TelegramSecretArn"  # noqa: S105 - the name of a stack output
FUNCTION_OUTPUT = "FunctionName"
SENDER_VARIABLE = "EMAIL_SENDER"
# The form in which BotFather hands out tokens.
_TOKEN = re.compile(r"\d+:[\w-]{30,}")
_READY_BOUND_SECONDS = 30
# The worker's event source collects messages for up to 5 s, and a cold function takes a few more.
_DELIVERY_BOUND_SECONDS = 60
_POLL_SECONDS = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A notification to send, and where its delivery is seen."""

    channel: str
    recipient: str
    seen_at: str


def context(settings: Settings, env: str) -> dict[str, str]:
    """The CDK context that leads the system's deliveries to the receiver, with a certificate where one is required."""
    given = {"telegram_base_url": settings.receiver_url}
    if env in HTTPS_ONLY:
        given["certificate_arn"] = _certificate(settings)
    return given


def _certificate(settings: Settings) -> str:
    """The ARN of the domain's certificate, requested unless there is one: another one would change the listener."""
    client = session(settings).client("acm", **client_options(settings))
    for known in client.list_certificates()["CertificateSummaryList"]:
        if known["DomainName"] == DOMAIN:
            return known["CertificateArn"]
    return client.request_certificate(DomainName=DOMAIN, ValidationMethod="DNS")["CertificateArn"]


def prepare(settings: Settings, state: State) -> None:
    """Do what a person does after the first deployment to an account, where it isn't done yet.

    That is: put a bot's token into its secret, and verify the address that e-mail is sent from.
    """
    for stack in state.stacks.values():
        if TOKEN_OUTPUT in stack.outputs:
            _put_token(settings, stack.outputs[TOKEN_OUTPUT])
        if FUNCTION_OUTPUT in stack.outputs:
            _verify_sender(settings, stack.outputs[FUNCTION_OUTPUT])


def _put_token(settings: Settings, secret: str) -> None:
    client = session(settings).client("secretsmanager", **client_options(settings))
    if not _TOKEN.fullmatch(client.get_secret_value(SecretId=secret)["SecretString"]):
        client.put_secret_value(SecretId=secret, SecretString=f"1:{secrets.token_hex(20)}")


def _verify_sender(settings: Settings, function: str) -> None:
    configuration = session(settings).client("lambda", **client_options(settings))
    variables = configuration.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    mail = session(settings).client("ses", **client_options(settings))
    mail.verify_email_identity(EmailAddress=variables[SENDER_VARIABLE])


def run(settings: Settings, state: State, console: Console) -> None:
    """Send one notification per channel and wait until each is `sent`.

    Raises:
        LocalError: the API does not answer, or a notification fails or takes too long.
    """
    if state.api_url is None:
        raise LocalError("no stack has an output ApiUrl, so there is nothing to send a notification to")
    _wait_until_ready(settings, state.api_url)
    started = time.monotonic()
    waiting = {_send(settings, state.api_url, example): example for example in _examples(settings)}
    for identifier, notification in _followed(settings, state.api_url, set(waiting)):
        example = waiting[identifier]
        if notification["status"] != "sent":
            raise LocalError(
                f"the {example.channel} notification {identifier} ended as {notification['status']} after "
                f"{notification['attempts']} attempts: {notification['last_error']}; type: make logs"
            )
        seconds = time.monotonic() - started
        console.print(
            f"  {example.channel:<9}sent in {seconds:4.1f} s   to {example.recipient}   see {example.seen_at}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def _examples(settings: Settings) -> tuple[Example, ...]:
    emulator = f"{settings.endpoint_url}/_ministack"
    receiver = f"{settings.receiver_url}/received?channel"
    return (
        Example(channel="email", recipient="ada@example.com", seen_at=f"{emulator}/ses/messages"),
        Example(channel="sms", recipient="+14155550123", seen_at=f"{emulator}/sns/sms-messages"),
        Example(channel="webhook", recipient=f"{settings.receiver_url}/webhook/hello", seen_at=f"{receiver}=webhook"),
        Example(channel="telegram", recipient="-1001234567890", seen_at=f"{receiver}=telegram"),
    )


def _wait_until_ready(settings: Settings, api_url: str) -> None:
    """The load balancer answers at once; what lies behind it may still be starting."""
    deadline = time.monotonic() + _READY_BOUND_SECONDS
    while True:
        try:
            get_json(settings, f"{api_url}/ready")
        except UnreachableError as error:
            if time.monotonic() > deadline:
                raise LocalError(f"the API is not ready after {_READY_BOUND_SECONDS} s: {error}") from None
            time.sleep(_POLL_SECONDS)
        else:
            return


def _send(settings: Settings, api_url: str, example: Example) -> str:
    """Hand a notification to the API; returns its id."""
    body = {
        "channel": example.channel,
        "recipient": example.recipient,
        "body": f"Hello from the embedded cloud, by {example.channel}",
    }
    if example.channel == "email":
        body["subject"] = "Hello"
    try:
        status, answer = send(settings, f"{api_url}/notifications", body=body)
    except UnreachableError as error:
        raise LocalError(f"the API did not take the {example.channel} notification: {error}") from None
    if status != 202:  # noqa: PLR2004 - accepted
        raise LocalError(f"the API answered {status} to the {example.channel} notification: {answer}")
    return str(answer["id"])


def _followed(settings: Settings, api_url: str, waiting: set[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each notification once it is no longer queued.

    Raises:
        LocalError: one still is when the time is up.
    """
    deadline = time.monotonic() + _DELIVERY_BOUND_SECONDS
    while waiting:
        if time.monotonic() > deadline:
            raise LocalError(
                f"{len(waiting)} notifications are still queued after {_DELIVERY_BOUND_SECONDS} s "
                f"({', '.join(sorted(waiting))}); type: make logs"
            )
        for identifier in sorted(waiting):
            try:
                notification = get_json(settings, f"{api_url}/notifications/{identifier}")
            except UnreachableError as error:
                raise LocalError(f"the API no longer answers: {error}") from None
            if notification["status"] != "queued":
                waiting.discard(identifier)
                yield identifier, notification
        time.sleep(_POLL_SECONDS)
