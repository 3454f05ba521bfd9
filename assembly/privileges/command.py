"""The command `privileges` of `python -m assembly`."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from assembly.privileges.model import Granted, Role
from assembly.privileges.read import read_roles


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what the command takes."""
    parser.add_argument(
        "--assembly", type=Path, default=Path("cdk.out"), metavar="FOLDER", help="cloud assembly (default: cdk.out)"
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def run(options: argparse.Namespace) -> int:
    """Print what each role may do; always 0.

    Raises:
        InputError: the assembly cannot be read.
    """
    roles = read_roles(options.assembly)
    print(json.dumps([asdict(role) for role in roles], indent=1) if options.json else as_text(roles))
    return 0


def as_text(roles: Sequence[Role]) -> str:
    """A block per role, a line per statement and resource."""
    blocks = [
        "\n".join([f"{role.path}   ({', '.join(role.principals)})", *(f"  {line}" for line in _lines(role))])
        for role in roles
    ]
    return "\n\n".join([*blocks, f"{len(roles)} roles, {sum(len(role.granted) for role in roles)} grants"])


def _lines(role: Role) -> list[str]:
    def of_one_line(each: Granted) -> tuple[str, int, str]:
        return each.policy, each.statement, each.resource

    lines = []
    for (policy, _, resource), grants in groupby(sorted(role.granted, key=of_one_line), key=of_one_line):
        found = list(grants)
        actions = ", ".join(each.action for each in found)
        condition = f"   if {found[0].condition}" if found[0].condition else ""
        managed = f"{policy}: " if policy.startswith("arn:") else ""
        lines.append(f"{managed}{actions}   on {resource}{condition}")
    return lines or ["nothing"]
