"""The commands of `python -m assembly`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from assembly.errors import InputError
from assembly.recovery.figures import MINUTE, Targets
from assembly.recovery.report import as_json, as_text, compute
from assembly.templates import read

_BAD_INPUT = 2


class _Parser(argparse.ArgumentParser):
    """Reports a wrong flag in one line, like every other fault."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command; returns the exit code: 0 fine, 2 bad input."""
    try:
        options = _parser().parse_args(arguments)
        rows = compute(read(options.assembly))
        targets = Targets(rto_seconds=options.rto_minutes * MINUTE, rpo_seconds=options.rpo_minutes * MINUTE)
        print((as_json if options.json else as_text)(rows, targets), end="", flush=True)
    except InputError as error:
        print(f"assembly: {error}", file=sys.stderr)
        return _BAD_INPUT
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m assembly", description="What a synthesized cloud assembly tells about a system.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    recovery = commands.add_parser("recovery", help="RTO and RPO per kind of failure, beside their targets")
    recovery.add_argument(
        "--assembly", type=Path, default=Path("cdk.out"), metavar="FOLDER", help="cloud assembly (default: cdk.out)"
    )
    recovery.add_argument("--rto-minutes", type=_minutes, default=60, metavar="N", help="target (default: 60)")
    recovery.add_argument("--rpo-minutes", type=_minutes, default=5, metavar="N", help="target (default: 5)")
    recovery.add_argument("--json", action="store_true", help="for programs: figures in seconds")
    return parser


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0
    if not 0 < minutes < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of minutes above 0")
    return minutes
