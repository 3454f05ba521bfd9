"""What the emulator is started with."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from local.errors import InputError
from local.settings import AUTHORIZATIONS, endpoint_url, port_number

DEFAULT_DATABASE_PORTS = range(15432, 15532)
DEFAULT_SERVER_PORTS = range(15600, 15700)


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The settings of one run; paths are absolute."""

    data: Path
    """Everything the cloud writes lies below this folder."""
    port: int
    """The port of every AWS API and of the load balancers."""
    certificate: Path
    key: Path
    ca: Path
    """The authority that signed `certificate`; functions and tasks trust it."""
    region: str = "us-east-1"
    account: str = "000000000000"
    database_ports: range = DEFAULT_DATABASE_PORTS
    """Ports that databases are given, lowest free one first."""
    server_ports: range = DEFAULT_SERVER_PORTS
    """Ports that caches, brokers and Prometheus workspaces are given, lowest free one first."""
    workload_endpoint_url: str | None = None
    """Where functions and tasks call AWS, if not at `endpoint_url`: at a proxy before it."""
    node_modules: Path | None = None
    """Where functions written for Node find the AWS SDK that the Lambda runtime ships."""

    @property
    def endpoint_url(self) -> str:
        """Base address of every AWS API."""
        return f"https://localhost:{self.port}"

    @property
    def images(self) -> Path:
        """`<repository>/<tag>/rootfs` and `image.json` of every container image."""
        return self.data / "images"

    @property
    def logs(self) -> Path:
        """One folder per service, one file per task or server."""
        return self.data / "logs"

    @property
    def postgres(self) -> Path:
        """One folder per database server."""
        return self.data / "postgres"

    @property
    def servers(self) -> Path:
        """One folder per service, in it one per cache, broker or Prometheus workspace."""
        return self.data / "servers"

    @property
    def trust_bundle(self) -> Path:
        """The machine's own authorities and `ca`: what functions and tasks verify servers with."""
        return self.data / "trust.pem"

    @property
    def authorizations(self) -> Path:
        """The record of what IAM decided, one JSON object a line: `permissions/record.py`."""
        return self.data / AUTHORIZATIONS

    @property
    def recorded_only(self) -> Path:
        """JSON list of the resources that are kept in mind and have no effect."""
        return self.data / "recorded-only.json"


class _Parser(argparse.ArgumentParser):
    """Reports a wrong flag as an error of the caller, in one line."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see python -m local.emulator --help")


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line.

    Raises:
        InputError: a flag is missing, unknown or has a value that is not allowed, or a named file does not exist.
    """
    parser = _Parser(prog="python -m local.emulator", description="An AWS in one process, on this machine only.")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder for everything it writes")
    parser.add_argument("--port", type=_port, default=4566, help="port of every AWS API (default 4566)")
    parser.add_argument("--certificate", type=Path, required=True, metavar="FILE", help="server certificate, PEM")
    parser.add_argument("--key", type=Path, required=True, metavar="FILE", help="its private key, PEM")
    parser.add_argument("--ca", type=Path, required=True, metavar="FILE", help="authority that signed it, PEM")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--account", type=_account, default="000000000000", help="12 digits")
    parser.add_argument(
        "--database-ports",
        type=_port_range,
        default=DEFAULT_DATABASE_PORTS,
        metavar="A-B",
        help="ports for databases (default 15432-15531)",
    )
    parser.add_argument(
        "--server-ports",
        type=_port_range,
        default=DEFAULT_SERVER_PORTS,
        metavar="A-B",
        help="ports for caches, brokers and Prometheus workspaces (default 15600-15699)",
    )
    parser.add_argument(
        "--workload-endpoint",
        type=_url,
        metavar="URL",
        help="where functions and tasks call AWS: a proxy before this one",
    )
    parser.add_argument("--node-modules", type=Path, metavar="DIR", help="SDK packages for functions written for Node")
    given = parser.parse_args(arguments)
    for name in ("certificate", "key", "ca"):
        if not getattr(given, name).is_file():
            raise InputError(f"--{name}: there is no file {getattr(given, name)}")
    return Options(
        data=given.data.absolute(),
        port=given.port,
        certificate=given.certificate.absolute(),
        key=given.key.absolute(),
        ca=given.ca.absolute(),
        region=given.region,
        account=given.account,
        database_ports=given.database_ports,
        server_ports=given.server_ports,
        workload_endpoint_url=given.workload_endpoint,
        node_modules=given.node_modules.absolute() if given.node_modules else _own_node_modules(),
    )


def _own_node_modules() -> Path | None:
    folder = Path(__file__).resolve().parents[2] / "node_modules"
    return folder if folder.is_dir() else None


def _port(text: str) -> int:
    try:
        return port_number(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _url(text: str) -> str:
    try:
        return endpoint_url(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _account(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) == 12):  # noqa: PLR2004 - an account number's length
        raise argparse.ArgumentTypeError(f"{text!r} is no account number: 12 digits are needed")
    return text


def _port_range(text: str) -> range:
    first, _, last = text.partition("-")
    try:
        ports = range(port_number(first), port_number(last) + 1)
    except ValueError:
        ports = range(0)
    if not ports:
        raise argparse.ArgumentTypeError(f"{text!r} is no range of ports: write for example 15432-15531")
    return ports
