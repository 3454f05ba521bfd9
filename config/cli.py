"""The commands of `python -m config`."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from config.load import system_names
from config.problems import ConfigError
from config.reference import reference
from config.side_by_side import side_by_side
from config.side_by_side_text import as_json, as_text

REFERENCE = Path("docs/configuration.md")
"""Where the reference of all fields stands, from the root of the project."""
_BAD_INPUT = 2
# Of a line where no terminal says how long it may be.
_WIDTH = 160


class _UsageError(Exception):
    """A wrong flag or argument, in one line."""


class _Parser(argparse.ArgumentParser):
    """Reports a wrong flag in one line, like every other fault."""

    def error(self, message: str) -> NoReturn:
        raise _UsageError(f"{message}; see {self.prog} --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command; returns the exit code: 0 fine, 2 bad input."""
    try:
        options = _parser().parse_args(arguments)
        if options.command == "docs":
            text = reference()
            options.output.write_text(text)
            print(f"{options.output}: {len(text.splitlines())} lines")
        else:
            every = [side_by_side(name) for name in ([options.system] if options.system else system_names())]
            text = (
                as_json(every, only_differences=options.differences)
                if options.json
                else as_text(
                    every,
                    width=shutil.get_terminal_size((_WIDTH, 0)).columns,
                    only_differences=options.differences,
                    is_terminal=sys.stdout.isatty(),
                )
            )
            print(text, end="", flush=True)
    except (_UsageError, ConfigError, OSError) as error:
        print(f"config: {error}", file=sys.stderr)
        return _BAD_INPUT
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m config", description="What systems are configured to be, and what could be set.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    compare = commands.add_parser("compare", help="the environments of systems side by side, differences marked")
    compare.add_argument("--system", default="", metavar="NAME", help="of this system (default: of all)")
    compare.add_argument("--differences", action="store_true", help="only the fields in which environments differ")
    compare.add_argument("--json", action="store_true", help="for programs: values in full")
    docs = commands.add_parser("docs", help="write the reference of all fields, and the systems side by side")
    docs.add_argument(
        "--output", type=Path, default=REFERENCE, metavar="FILE", help=f"where to write it (default: {REFERENCE})"
    )
    return parser
