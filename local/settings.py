"""Where the embedded cloud of this checkout lives: folder, ports, account, region."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from local.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
DIRECTORY_VARIABLE = "GROUNDWORK_LOCAL_DIR"
PORT_VARIABLE = "GROUNDWORK_PORT"
RECEIVER_PORT_VARIABLE = "GROUNDWORK_RECEIVER_PORT"
WORKLOAD_ENDPOINT_VARIABLE = "GROUNDWORK_WORKLOAD_ENDPOINT"
DEFAULT_PORT = 4566
AUTHORIZATIONS = "authorizations.jsonl"
DEFAULT_RECEIVER_PORT = 4580


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Everything about a cloud that is known before it runs."""

    root: Path = ROOT
    """The CDK app's folder: the one with cdk.json and node_modules."""
    directory: Path = ROOT / ".local"
    """Holds everything the cloud writes; absolute."""
    port: int = DEFAULT_PORT
    """The port of every AWS API."""
    receiver_port: int = DEFAULT_RECEIVER_PORT
    """The port that takes webhooks and Telegram messages."""
    workload_endpoint_url: str | None = None
    """Where functions and tasks call AWS, if not at `endpoint_url`: at a proxy before it."""
    account: str = "000000000000"
    region: str = "us-east-1"

    @classmethod
    def load(cls, environ: Mapping[str, str], *, port: int | None = None, receiver_port: int | None = None) -> Self:
        """Settings from flags (first) and environment.

        Raises:
            InputError: a port is no number between 1 and 65535, both ports are the same, or an address is no URL.
        """
        directory = environ.get(DIRECTORY_VARIABLE) or str(ROOT / ".local")
        settings = cls(
            directory=Path(directory).expanduser().absolute(),
            port=port or _port(environ, PORT_VARIABLE, DEFAULT_PORT),
            receiver_port=receiver_port or _port(environ, RECEIVER_PORT_VARIABLE, DEFAULT_RECEIVER_PORT),
            workload_endpoint_url=_endpoint(environ),
        )
        if settings.port == settings.receiver_port:
            raise InputError(
                f"the cloud and the receiver cannot share port {settings.port}; "
                f"set {PORT_VARIABLE} and {RECEIVER_PORT_VARIABLE} to different ports"
            )
        return settings

    @property
    def endpoint_url(self) -> str:
        """Base address of every AWS API."""
        return f"https://localhost:{self.port}"

    @property
    def receiver_url(self) -> str:
        """Base address of the receiver; /webhook/… and /bot<token>/… lie below it."""
        return f"https://localhost:{self.receiver_port}"

    @property
    def ca_bundle(self) -> Path:
        """The certificate that clients must trust."""
        return self.directory / "ca" / "ca.pem"

    @property
    def certificate(self) -> Path:
        """The servers' certificate."""
        return self.directory / "ca" / "server.pem"

    @property
    def certificate_key(self) -> Path:
        """The servers' private key, readable for the owner only."""
        return self.directory / "ca" / "server.key"

    @property
    def logs(self) -> Path:
        """One file per process that this folder's cloud starts."""
        return self.directory / "logs"

    @property
    def images(self) -> Path:
        """What stands in for container images."""
        return self.directory / "images"

    @property
    def assembly(self) -> Path:
        """The synthesized templates of the last deployment; apart from the `cdk.out` of people and tests."""
        return self.directory / "cdk.out"

    @property
    def authorizations(self) -> Path:
        """What IAM decided about each role: `local.emulator.permissions.record` reads it."""
        return self.directory / AUTHORIZATIONS

    @property
    def state_file(self) -> Path:
        """What runs and where, as JSON."""
        return self.directory / "state.json"

    @property
    def bin(self) -> Path:
        """Commands that go before others in the PATH of a shell set up by `env`."""
        return self.directory / "bin"

    @property
    def docker(self) -> Path:
        """What stands in for Docker when the CDK CLI builds image assets; in no PATH, a Docker of one's own stays."""
        return self.directory / "tools" / "docker"


def port_number(text: str) -> int:
    """Read a TCP port.

    Raises:
        ValueError: it is no number between 1 and 65535.
    """
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):  # noqa: PLR2004 - the range of TCP ports
        raise ValueError(f"{text!r} is no port: a number between 1 and 65535 is needed")
    return int(text)


def endpoint_url(text: str) -> str:
    """Read the base address of an API.

    Raises:
        ValueError: it is no http or https URL of a host.
    """
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{text!r} is no address of an API: write for example https://localhost:4600")
    return text.rstrip("/")


def _endpoint(environ: Mapping[str, str]) -> str | None:
    given = environ.get(WORKLOAD_ENDPOINT_VARIABLE)
    try:
        return endpoint_url(given) if given else None
    except ValueError as error:
        raise InputError(f"{WORKLOAD_ENDPOINT_VARIABLE}: {error}") from None


def _port(environ: Mapping[str, str], variable: str, default: int) -> int:
    try:
        return port_number(environ.get(variable) or str(default))
    except ValueError as error:
        raise InputError(f"{variable}: {error}") from None
