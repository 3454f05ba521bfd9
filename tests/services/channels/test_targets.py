"""Where a webhook may lead: nowhere inside, however its host is written and whatever its name resolves to."""

import errno
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from services.channels import Deliver, build_channels
from services.channels.targets import RefusedTargetError, Targets
from services.channels.webhook import WebhookChannel
from services.failures import PermanentError, TransientError
from services.messages import Channel, Content, Message
from services.secret_values import SecretValues
from services.settings import WorkerSettings
from tests.services.channels.names import ID
from tests.services.test_addresses import INSIDE
from tests.support.postgres import HOST
from tests.support.receiver import Answer, Receiver

NAME = "hooks.example"
Resolve = Callable[..., None]


class Connections(list[str]):
    """The addresses that something was about to connect to."""


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Connections:
    seen = Connections()
    connect = socket.create_connection

    def noted(address: tuple[str, int], *arguments: Any, **options: Any) -> socket.socket:
        seen.append(address[0])
        return connect(address, *arguments, **options)

    monkeypatch.setattr(socket, "create_connection", noted)
    return seen


@pytest.fixture
def resolving(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Sets the answers for NAME: one after the other, the last one for good."""
    look_up = socket.getaddrinfo

    def resolve(*answers: list[str]) -> None:
        left = list(answers)

        def answer(host: str, port: int, *arguments: Any, **options: Any) -> list[Any]:
            if host != NAME:
                return list(look_up(host, port, *arguments, **options))
            addresses = left.pop(0) if len(left) > 1 else left[0]
            return [
                (socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
                for each in addresses
            ]

        monkeypatch.setattr(socket, "getaddrinfo", answer)

    return resolve


@pytest.fixture
def outside() -> Deliver:
    """Webhooks of a system that lets none lead inside."""
    return WebhookChannel(()).deliver


def to(url: str) -> Message:
    """A message that no validation has seen, as if it had been stored before there was any."""
    return Message.model_construct(id=ID, channel=Channel.WEBHOOK, recipient=url, subject=None, body="World")


def port(receiver: Receiver) -> str:
    return receiver.url.rpartition(":")[2]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "017700000001",
        "0177.0.0.01",
        "127.1",
        "127.0.1",
        "0",
        "0.0.0.0",  # noqa: S104  # asked for, not listened at
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1%25lo]",
        "[fd00:ec2::254]",
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "[::ffff:a9fe:a9fe]",
        "10.0.0.1",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
def test_no_form_of_an_address_inside_is_connected_to(
    outside: Deliver, receiver: Receiver, connections: Connections, host: str
) -> None:
    with pytest.raises((PermanentError, TransientError)) as refused:
        outside(to(f"https://{host}:{port(receiver)}/hook"))
    # A form that client or resolver do not take for an address leads nowhere at all.
    assert isinstance(refused.value, RefusedTargetError) or "cannot be" in str(refused.value)
    assert (connections, receiver.requests) == ([], [])


@pytest.mark.parametrize("address", [each for each in INSIDE.values() if each.strip("0123456789abcdef:.") == ""][:37])
def test_a_name_that_resolves_inside_is_refused(
    outside: Deliver, resolving: Resolve, connections: Connections, address: str
) -> None:
    resolving([address])
    with pytest.raises(RefusedTargetError) as refused:
        outside(to(f"https://{NAME}/hook"))
    # Neither address nor name: whoever asked may be looking for them.
    assert str(refused.value) == "the target is refused: its host leads to an address that is not public"
    assert connections == []


@pytest.mark.parametrize("answer", [["8.8.8.8", HOST], [HOST, "8.8.8.8"], ["2606:4700:4700::1111", "fd00:ec2::254"]])
def test_one_address_inside_among_others_is_enough(
    outside: Deliver, resolving: Resolve, connections: Connections, answer: list[str]
) -> None:
    resolving(answer)
    with pytest.raises(RefusedTargetError):
        outside(to(f"https://{NAME}/hook"))
    assert connections == []


def test_what_was_looked_at_is_what_is_connected_to(
    resolving: Resolve, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that resolves to something else the next time is not looked up a next time."""
    resolving(["8.8.8.8"], [HOST])

    def refuse(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        connections.append(address[0])
        raise ConnectionRefusedError(errno.ECONNREFUSED, "no way out")

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(TransientError, match="Connection refused"):
        WebhookChannel(()).deliver(to(f"https://{NAME}/hook"))
    assert connections == ["8.8.8.8"]


def test_each_connection_is_looked_at_anew(
    resolving: Resolve, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.channels.targets.is_public", lambda address: address == HOST)
    channel = WebhookChannel(())
    url = f"https://{NAME}:{port(receiver)}/hook"
    resolving([HOST], ["10.0.0.1"])
    # The certificate is not that of the name.
    with pytest.raises(TransientError, match="certificate is not trusted"):
        channel.deliver(to(url))
    with pytest.raises(RefusedTargetError):
        channel.deliver(to(url))


def test_the_certificate_and_the_server_name_are_those_of_the_name(
    resolving: Resolve, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although the connection leads to an address."""
    asked: list[str | None] = []
    wrap = ssl.SSLContext.wrap_socket

    def noted(self: ssl.SSLContext, *arguments: Any, **options: Any) -> ssl.SSLSocket:
        asked.append(options.get("server_hostname"))
        return wrap(self, *arguments, **options)

    resolving([HOST])
    channel = WebhookChannel((NAME, "localhost"))
    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", noted)
    with pytest.raises(TransientError, match="certificate is not trusted: Hostname mismatch"):
        channel.deliver(to(f"https://{NAME}:{port(receiver)}/hook"))
    channel.deliver(to(f"{receiver.url}/hook"))
    assert [name for name in asked if name] == [NAME, "localhost"]
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("location", ["https://127.0.0.1/", "https://169.254.169.254/latest/", "/elsewhere", "//10.1"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_inside_is_not_followed(
    deliver: Callable[..., None], receiver: Receiver, connections: Connections, status: int, location: str
) -> None:
    receiver.answers["/hook"] = Answer(status, headers={"Location": location})
    with pytest.raises(Exception, match="redirects are not followed"):
        deliver("webhook", f"{receiver.url}/hook")
    assert [request.path for request in receiver.requests] == ["/hook"]
    assert len(connections) == 1


@pytest.mark.parametrize(
    ("allowed", "host", "reached"),
    [
        ("{port}", "localhost", True),
        ("any", "localhost", True),
        ("{port}", "LocalHost", True),
        ("4", "localhost", False),
        ("{port}", HOST, False),
        ("{port}", "[::1]", False),
    ],
)
def test_exactly_the_hosts_of_the_configuration_may_be_inside(
    receiver: Receiver, allowed: str, host: str, reached: bool
) -> None:
    entry = "localhost" if allowed == "any" else f"localhost:{allowed.format(port=port(receiver))}"
    channel = WebhookChannel((entry,))
    if reached:
        channel.deliver(to(f"https://{host}:{port(receiver)}/hook"))
    else:
        with pytest.raises(RefusedTargetError):
            channel.deliver(to(f"https://{host}:{port(receiver)}/hook"))
    assert len(receiver.requests) == reached


def test_no_webhook_reaches_what_telegram_may(settings: WorkerSettings, receiver: Receiver) -> None:
    """Its base URL is the operator's, and may lead inside; what a client names may not lead there."""
    narrow = settings.model_copy(update={"webhook_hosts_allowed_inside": ()})
    channels = build_channels(narrow, SecretValues())
    channels[Channel.TELEGRAM](Message(id=ID, channel=Channel.TELEGRAM, recipient="42", body="World"))
    assert len(receiver.requests) == 1
    with pytest.raises(RefusedTargetError):
        channels[Channel.WEBHOOK](to(f"{receiver.url}/hook"))
    assert len(receiver.requests) == 1


def test_a_url_without_port_means_the_one_of_https() -> None:
    Targets.of_url("https://bots.internal/api").require("bots.internal", 443, ["10.0.0.1"])
    with pytest.raises(RefusedTargetError):
        Targets.of_url("https://bots.internal/api").require("bots.internal", 8443, ["10.0.0.1"])


def test_no_proxy_of_the_environment_is_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would look names up by itself."""
    for name in ("HTTPS_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"http://{HOST}:9")
    WebhookChannel(("localhost",)).deliver(to(f"{receiver.url}/hook"))
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://127.0.0.1/", "everybody can reach"),
        ("https://169.254.169.254/latest/meta-data/", "everybody can reach"),
        ("https://[::1]/", "everybody can reach"),
        ("https://[fd00:ec2::254]/", "everybody can reach"),
        ("https://[::ffff:10.0.0.1]/", "everybody can reach"),
        ("https://2130706433/", "everybody can reach"),
        ("https://0x7f000001/", "everybody can reach"),
        ("https://0177.0.0.1/", "everybody can reach"),
        ("https://127.1/", "everybody can reach"),
        ("https://127.0.0.1./", "everybody can reach"),
        ("https://example.com:25/", "port 443, or 1024 and above"),
        ("https://example.com:22/", "port 443, or 1024 and above"),
        ("https://example.com:80/", "port 443, or 1024 and above"),
        ("https://user@example.com/", "without user name"),
        ("https://example.com\\@127.0.0.1/", "without user name"),
        ("https://example.com\\.evil/", "letters, digits, hyphens and dots"),
        ("https://127%2e0%2e0%2e1/", "letters, digits, hyphens and dots"),
        ("https://①②⑦.⓪.⓪.①/", "percent-encoded"),
        ("http://example.com/", "https URL"),
        ("gopher://127.0.0.1:6379/_FLUSHALL", "https URL"),
        ("file:///etc/passwd", "https URL"),
    ],
)
def test_the_obvious_is_refused_before_it_is_taken_in(url: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Content(channel=Channel.WEBHOOK, recipient=url, body="World")


@pytest.mark.parametrize("url", ["https://1.1.1.1/", "https://[2606:4700:4700::1111]:8443/", "https://a_b.example/"])
def test_what_is_outside_is_taken_in(url: str) -> None:
    assert Content(channel=Channel.WEBHOOK, recipient=url, body="World").recipient == url
