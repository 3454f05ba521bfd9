"""The logical ids of what holds data, frozen in a file: a name that changes there is data that is lost here.

`make stateful` writes it anew.
"""

import argparse
import sys
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assembly.changes.stateful import holding_of
from tests.support.synth import all_environments, synthesize

FILE = Path(__file__).parent / "stateful_resources.toml"
_HEAD = """\
# What holds data: logical ids and their environments, by system, stack and type. CloudFormation knows a resource by its
# logical id only, so another one in the templates is an empty resource beside, or instead of, the one with the data.
# tests/stacks/test_stateful.py compares this with the templates; `make stateful` writes it anew.
"""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Stateful:
    """A resource that holds data."""

    system: str
    stack: str
    type: str
    logical_id: str
    environment: str

    def __str__(self) -> str:
        """As in `notifications/prod Database.NotificationsCluster… (AWS::RDS::DBCluster)`."""
        return f"{self.system}/{self.environment} {self.stack}.{self.logical_id} ({self.type})"


def synthesized() -> set[Stateful]:
    """What holds data in the templates of every environment."""
    return {
        Stateful(system=system, stack=stack, logical_id=logical_id, type=str(resource["Type"]), environment=environment)
        for system, environment in all_environments()
        for stack, template in synthesize(system, environment).templates.items()
        for logical_id, resource in template["Resources"].items()
        if (holding := holding_of(resource)) and holding.is_data
    }


def parse(text: str) -> set[Stateful]:
    """What a file has frozen."""
    return {
        Stateful(system=system, stack=stack, type=its_type, logical_id=logical_id, environment=environment)
        for system, stacks in tomllib.loads(text).items()
        for stack, types in stacks.items()
        for its_type, logical_ids in types.items()
        for logical_id, environments in logical_ids.items()
        for environment in environments
    }


def render(resources: Iterable[Stateful]) -> str:
    """The file, sorted: a table per stack and type, a line per resource."""
    tables: dict[str, dict[str, list[str]]] = {}
    for it in sorted(resources):
        table = tables.setdefault(f'[{it.system}.{it.stack}."{it.type}"]', {})
        table.setdefault(it.logical_id, []).append(it.environment)
    lines = [_HEAD]
    for heading, table in tables.items():
        lines.append(heading)
        for logical_id, environments in table.items():
            names = ", ".join(f'"{name}"' for name in environments)
            lines.append(f"{logical_id} = [{names}]")
        lines.append("")
    return "\n".join(lines)


def differences(frozen: set[Stateful], found: set[Stateful]) -> list[str]:
    """A line for each resource that is missing, renamed, of another type or new."""
    gone, new = frozen - found, found - frozen
    lines = []
    for old in sorted(gone):
        there = [each for each in new if (each.system, each.environment) == (old.system, old.environment)]
        retyped = [each for each in there if (each.stack, each.logical_id) == (old.stack, old.logical_id)]
        renamed = [each for each in there if each.type == old.type]
        if retyped:
            lines.append(f"other type: {old} is {retyped[0].type} in the template")
        elif renamed:
            names = " or ".join(f"{each.stack}.{each.logical_id}" for each in sorted(renamed))
            lines.append(f"renamed: {old} is now perhaps {names}")
        else:
            lines.append(f"missing: {old}")
    return [*lines, *(f"new: {each}" for each in sorted(new))]


def main(arguments: Sequence[str] | None = None, file: Path = FILE) -> int:
    """Write the file anew; what would go from it, only with --remove. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="make stateful", description=__doc__)
    parser.add_argument("--remove", action="store_true", help="also take out what the templates have no more")
    options = parser.parse_args(arguments)
    frozen = parse(file.read_text(encoding="utf-8")) if file.exists() else set()
    found = synthesized()
    for line in differences(frozen, found):
        print(line, file=sys.stderr)
    gone = frozen - found
    kept = set() if options.remove else gone
    if kept:
        print(
            f"kept in {file.name} all the same: {len(kept)}. Where deployed, their data is lost with them; "
            "if that is meant, type: make stateful REMOVE=1",
            file=sys.stderr,
        )
    file.write_text(render(found | kept), encoding="utf-8")
    return 1 if kept else 0


if __name__ == "__main__":
    sys.exit(main())
