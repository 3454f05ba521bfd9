"""The commands of `python -m local`."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

from rich.console import Console

from local.errors import InputError, LocalError
from local.settings import (
    DEFAULT_PORT,
    DEFAULT_RECEIVER_PORT,
    DIRECTORY_VARIABLE,
    PORT_VARIABLE,
    RECEIVER_PORT_VARIABLE,
    Settings,
    port_number,
)


class _Parser(argparse.ArgumentParser):
    """Reports a wrong flag in one line, like every other fault."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help")


class _PatientConsole(Console):
    """Goes on when nobody reads any more (`make up | head`): what was begun is still carried out."""

    def on_broken_pipe(self) -> None:
        """Write to nowhere from now on."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command; returns the exit code: 0 fine, 1 failed, 2 bad input."""
    errors = Console(stderr=True, highlight=False, emoji=False)
    try:
        options = _parser().parse_args(arguments)
        settings = Settings.load(os.environ, port=options.port, receiver_port=options.receiver_port)
        return _run(options, settings)
    except LocalError as error:
        errors.print("[bold red]error:[/] ", end="")
        errors.print(str(error), markup=False, soft_wrap=True)
        return error.exit_code
    except KeyboardInterrupt:
        message = "interrupted: what already runs goes on running; make up carries on, make down stops it"
        errors.print(message, soft_wrap=True)
        return LocalError.exit_code
    except BrokenPipeError:  # `make logs | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    common = _Parser(add_help=False)
    ports = common.add_argument_group("ports")
    ports.add_argument(
        "--port", type=_port, help=f"of every AWS API; default {PORT_VARIABLE} or {DEFAULT_PORT}", metavar="N"
    )
    ports.add_argument(
        "--receiver-port",
        type=_port,
        help=f"of webhooks and Telegram; default {RECEIVER_PORT_VARIABLE} or {DEFAULT_RECEIVER_PORT}",
        metavar="N",
    )
    parser = _Parser(
        prog="python -m local",
        description="The embedded AWS: this CDK app deployed to this machine, without account and without Docker.",
        epilog=f"Everything it writes is in .local, or in the folder that {DIRECTORY_VARIABLE} names.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    up = commands.add_parser("up", parents=[common], help="start the cloud, deploy every stack, show that it works")
    up.add_argument("--system", default="notifications", help="CDK context `system` (default: notifications)")
    up.add_argument("--env", default="dev", help="CDK context `env` (default: dev)")
    up.add_argument("--no-demo", action="store_true", help="deploy only; do not show the system at work")

    down = commands.add_parser("down", parents=[common], help="stop everything that was started; its state goes away")
    down.add_argument("--purge", action="store_true", help="also delete what was written: logs, images, certificates")

    drill = commands.add_parser("drill", parents=[common], help="fail the databases on purpose; measure RTO and RPO")
    drill.add_argument("--system", default="notifications", help="CDK context `system` (default: notifications)")
    drill.add_argument("--env", default="dev", help="CDK context `env` (default: dev)")

    replay = commands.add_parser("replay", parents=[common], help="send again what failed, or is in the DLQ")
    replay.add_argument("--system", default="notifications", help="CDK context `system` (default: notifications)")
    replay.add_argument("--env", default="dev", help="CDK context `env` (default: dev)")
    replay.add_argument(
        "--limit", type=_limit, default=100, help="how many at most, 1 to 1000 (default: 100)", metavar="N"
    )

    keys = commands.add_parser("keys", parents=[common], help="make, list and revoke API keys")
    keys.add_argument("action", choices=("create", "list", "revoke"))
    keys.add_argument("--system", default="notifications", help="CDK context `system` (default: notifications)")
    keys.add_argument("--env", default="dev", help="CDK context `env` (default: dev)")
    keys.add_argument("--name", help="of the key to create: up to 64 letters, digits, spaces and ._@-")
    keys.add_argument("--days", type=_days, help="after which the key to create expires (default: never)", metavar="N")
    keys.add_argument("--successor-of", help="id of the key whose data the key to create sees as its own", metavar="ID")
    keys.add_argument("--id", help="of the key to revoke")

    commands.add_parser("status", parents=[common], help="what runs, what is deployed, and where")

    logs = commands.add_parser("logs", parents=[common], help="the end of every log, or of those that are named")
    logs.add_argument("names", nargs="*", metavar="NAME", help="part of a log's name, such as emulator, cdk, api")
    logs.add_argument("-f", "--follow", action="store_true", help="go on as lines are written, until Ctrl-C")
    logs.add_argument("-n", "--lines", type=_lines, default=50, help="lines of each (default 50)", metavar="N")

    commands.add_parser(
        "env", parents=[common], help='shell lines that lead the AWS and CDK CLI here: eval "$(make -s env)"'
    )
    return parser


def _run(options: argparse.Namespace, settings: Settings) -> int:
    # Each command loads what it needs: `env` must not wait for the AWS SDK.
    console = _PatientConsole(highlight=False, emoji=False)
    match options.command:
        case "up":
            from local.lock import exclusive  # noqa: PLC0415
            from local.up import UpOptions, up  # noqa: PLC0415

            wanted = UpOptions(system=options.system, env=options.env, demonstrate=not options.no_demo)
            with exclusive(settings):
                up(settings, wanted, console)
        case "down":
            from local.down import down  # noqa: PLC0415

            down(settings, console, purge=options.purge)
        case "drill":
            from local.drill.run import drill  # noqa: PLC0415
            from local.lock import exclusive  # noqa: PLC0415

            with exclusive(settings):
                met = drill(_as_it_runs(settings), console, system=options.system, env=options.env)
            return 0 if met else LocalError.exit_code
        case "replay":
            from local.replay import replay  # noqa: PLC0415

            replay(_as_it_runs(settings), console, system=options.system, env=options.env, limit=options.limit)
        case "keys":
            from local.keys import keys  # noqa: PLC0415

            keys(
                _as_it_runs(settings),
                console,
                Console(stderr=True, highlight=False, emoji=False),
                system=options.system,
                env=options.env,
                event={
                    "action": options.action,
                    "name": options.name,
                    "expires_in_days": options.days,
                    "successor_of": options.successor_of,
                    "id": options.id,
                },
            )
        case "status":
            from local.status import status  # noqa: PLC0415

            status(_as_it_runs(settings), console)
        case "logs":
            from local.logs import show  # noqa: PLC0415

            show(_as_it_runs(settings), names=options.names, lines=options.lines, follow=options.follow)
        case "env":
            from local.environment import shell_lines  # noqa: PLC0415
            from local.processes import running  # noqa: PLC0415

            print(shell_lines(_as_it_runs(settings), os.environ), end="")
            if running(settings, "emulator") is None:
                print("no cloud runs yet; type: make up", file=sys.stderr)
    return 0


def _as_it_runs(settings: Settings) -> Settings:
    """The settings with the ports on which the servers run, which the environment of today may not know."""
    from local.processes import recorded_port  # noqa: PLC0415

    return replace(
        settings,
        port=recorded_port(settings, "emulator") or settings.port,
        receiver_port=recorded_port(settings, "receiver") or settings.receiver_port,
    )


def _port(text: str) -> int:
    try:
        return port_number(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _lines(text: str) -> int:
    return _number(text, most=100_000)  # what fits a terminal's patience


def _limit(text: str) -> int:
    return _number(text, most=1000)  # what the function takes


def _days(text: str) -> int:
    return _number(text, most=3650)  # what the function takes


def _number(text: str, *, most: int) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"{text!r} is no number between 1 and {most}")
    return int(text)
