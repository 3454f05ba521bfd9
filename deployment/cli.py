"""The command `python -m deployment`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from deployment.errors import DeploymentError, InputError
from deployment.run import Wanted, deploy

_INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """Reports a wrong flag in one line, like every other fault."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploy; returns the exit code: 0 fine, 1 stopped or failed, 2 bad input."""
    try:
        deploy(_wanted(_parser().parse_args(arguments)))
    except DeploymentError as error:
        print(f"deploy: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("deploy: interrupted; what CloudFormation has begun goes on: make deploy carries on", file=sys.stderr)
        return _INTERRUPTED
    return 0


def _wanted(options: argparse.Namespace) -> Wanted:
    return Wanted(
        folder=options.folder,
        context=tuple(options.context),
        confirmed=tuple(name for names in options.confirm for name in names.split()),
        approved=options.yes,
        only_look=options.only_look,
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m deployment",
        description="Deploy the app to the account that the environment leads to, unless data would be lost.",
    )
    parser.add_argument(
        "--folder", type=Path, required=True, metavar="FOLDER", help="takes the assembly and the deployed templates"
    )
    parser.add_argument(
        "-c", "--context", type=_context, action="append", default=[], metavar="NAME=VALUE", help="for the app"
    )
    parser.add_argument(
        "--confirm", action="append", default=[], metavar="NAMES", help="logical ids of what may be lost on purpose"
    )
    parser.add_argument("--yes", action="store_true", help="agree to replacing what holds no data")
    parser.add_argument("--only-look", action="store_true", help="show what would change, and deploy nothing")
    return parser


def _context(text: str) -> str:
    name, equals, _ = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=VALUE")
    return text
