"""The commands of `python -m assembly`."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from assembly.changes import command as changes
from assembly.cost import command as cost
from assembly.errors import InputError
from assembly.layering.check import check
from assembly.layering.order import read_order
from assembly.layering.stacks import read_stacks
from assembly.privileges import command as privileges
from assembly.promises.check import check as check_promises
from assembly.recovery.figures import MINUTE, Targets
from assembly.recovery.report import as_json, as_text, compute
from assembly.templates import read

_FINE, _FOUND, _BAD_INPUT = 0, 1, 2


class _Parser(argparse.ArgumentParser):
    """Reports a wrong flag in one line, like every other fault."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command; returns the exit code: 0 fine, 1 something is found wrong, 2 bad input."""
    code = _FINE
    try:
        options = _parser().parse_args(arguments)
        run: Callable[[argparse.Namespace], int] = options.run
        code = run(options)
        sys.stdout.flush()
    except InputError as error:
        print(f"assembly: {error}", file=sys.stderr)
        return _BAD_INPUT
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _recovery(options: argparse.Namespace) -> int:
    rows = compute(read(options.assembly))
    targets = Targets(rto_seconds=options.rto_minutes * MINUTE, rpo_seconds=options.rpo_minutes * MINUTE)
    print((as_json if options.json else as_text)(rows, targets), end="")
    return _FINE


def _layering(options: argparse.Namespace) -> int:
    order = read_order(options.order)
    stacks = read_stacks(options.assembly)
    for finding in (found := check(stacks, order)):
        print(finding)
    print(f"{len(stacks)} stacks; faults against the order of {options.order}: {len(found)}")
    return _FOUND if found else _FINE


def _promises(options: argparse.Namespace) -> int:
    for each in (broken := check_promises(read(options.assembly))):
        print(each)
    print(f"promises across templates that are not kept: {len(broken)}")
    return _FOUND if broken else _FINE


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m assembly", description="What a synthesized cloud assembly tells about a system.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    recovery = commands.add_parser("recovery", help="RTO and RPO per kind of failure, beside their targets")
    _add_assembly(recovery)
    recovery.add_argument("--rto-minutes", type=_minutes, default=60, metavar="N", help="target (default: 60)")
    recovery.add_argument("--rpo-minutes", type=_minutes, default=5, metavar="N", help="target (default: 5)")
    recovery.add_argument("--json", action="store_true", help="for programs: figures in seconds")
    recovery.set_defaults(run=_recovery)

    compared = commands.add_parser("changes", help="what a deployment does to each resource; 1 if it would lose data")
    changes.add_arguments(compared)
    compared.set_defaults(run=changes.run)
    layering = commands.add_parser("layering", help="references between stacks that point up, and how to turn them")
    _add_assembly(layering)
    layering.add_argument(
        "--order", type=Path, default=Path("stacks/order.toml"), metavar="FILE", help="default: stacks/order.toml"
    )
    layering.set_defaults(run=_layering)
    promises = commands.add_parser("promises", help="what a queue, its consumers and their subnets promise each other")
    _add_assembly(promises)
    promises.set_defaults(run=_promises)
    costs = commands.add_parser("cost", help="US dollars a month per stack and kind of resource, beside the budget")
    cost.add_arguments(costs)
    costs.set_defaults(run=cost.run)
    granted = commands.add_parser("privileges", help="what each role may do, by the templates")
    privileges.add_arguments(granted)
    granted.set_defaults(run=privileges.run)
    return parser


def _add_assembly(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--assembly", type=Path, default=Path("cdk.out"), metavar="FOLDER", help="cloud assembly (default: cdk.out)"
    )


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0
    if not 0 < minutes < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of minutes above 0")
    return minutes
