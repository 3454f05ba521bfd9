"""The command `cost` of `python -m assembly`."""

import argparse
from pathlib import Path

from assembly.cost.bill import read_bill
from assembly.cost.report import as_json, as_text

_WITHIN, _OVER = 0, 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what the command takes."""
    parser.add_argument(
        "--assembly",
        type=Path,
        nargs="+",
        default=[Path("cdk.out")],
        metavar="FOLDER",
        help="cloud assemblies, side by side (default: cdk.out)",
    )
    parser.add_argument("--region", metavar="REGION", help="price all of them there (default: where each one states)")
    parser.add_argument("--resources", action="store_true", help="list each charge of each resource besides")
    parser.add_argument("--json", action="store_true", help="for programs: figures in US dollars a month")


def run(options: argparse.Namespace) -> int:
    """Print the bills; 0 if all are within their budgets, 1 if one is over.

    Raises:
        InputError: an assembly cannot be read or priced.
    """
    bills = [read_bill(folder, options.region) for folder in options.assembly]
    print(as_json(bills) if options.json else as_text(bills, resources=options.resources), end="")
    return _OVER if any(bill.over_budget for bill in bills) else _WITHIN
