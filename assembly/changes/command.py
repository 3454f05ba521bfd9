"""`python -m assembly changes`."""

import argparse
from pathlib import Path

from assembly.changes.classify import compare
from assembly.changes.report import as_json, as_text
from assembly.changes.sources import read_set
from assembly.errors import InputError

_DANGEROUS = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "--from",
        dest="before",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="what is deployed: a cloud assembly, or a folder with a template per stack, named <stack>.json",
    )
    parser.add_argument(
        "--to",
        dest="after",
        type=Path,
        default=Path("cdk.out"),
        metavar="FOLDER",
        help="what is to be (default: cdk.out)",
    )
    parser.add_argument(
        "--confirm",
        action="append",
        default=[],
        metavar="NAME",
        help="logical id, or stack/logical id, of a resource that may go on purpose; again for more",
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def run(options: argparse.Namespace) -> int:
    """Print what a deployment would do; returns the exit code: 0 fine, 1 it would lose data.

    Raises:
        InputError: a folder holds no templates, or a confirmed resource would lose nothing.
    """
    before, after = read_set(options.before), read_set(options.after)
    comparison = compare(before, after)
    if unknown := comparison.unknown(options.confirm):
        raise InputError(f"nothing would be lost with {', '.join(unknown)}; leave it out of what is confirmed")
    printed = (as_json if options.json else as_text)(comparison, after.assembly, options.confirm)
    print(printed, end="", flush=True)
    return _DANGEROUS if comparison.dangers(options.confirm) else 0
