"""The templates of the last release: by its tag from git, or as they are kept here where git knows none.

`make baseline` keeps those of today.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from assembly.changes.schemas import schema_of
from assembly.changes.sources import Stack, Template, TemplateSet
from assembly.changes.stateful import holding_of
from assembly.changes.values import Reference, Values, outputs_read, references
from constructs_lib.project import PROJECT_ROOT
from tests.stacks.test_snapshots import normalized
from tests.support.synth import REGION, all_environments, synthesize

_SNAPSHOTS = "tests/stacks/__snapshots__/test_snapshots"
_KEPT = Path(__file__).parent / "baseline"
_NAME = re.compile(r"test_template\[(?P<system>\w+)-(?P<environment>\w+)-(?P<stack>\w+)\]\.json$")
_POLICIES = ("Type", "DeletionPolicy", "UpdateReplacePolicy")

Environment = tuple[str, str]
"""System and environment."""


def last_release(root: Path = PROJECT_ROOT) -> str | None:
    """The tag of the release before the templates of today; None where git knows none, as in an export."""
    top = _git(root, "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != root.resolve():  # an export may lie inside a repository of something else
        return None
    return _git(root, "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*")


def released(root: Path = PROJECT_ROOT) -> dict[Environment, TemplateSet]:
    """The templates of the last release, by system and environment."""
    tag = last_release(root)
    return _of_tag(root, tag) if tag else _kept()


def today(system: str, environment: str, change: Callable[[str], str] = str) -> TemplateSet:
    """The templates as they are synthesized, without hashes of assets; `change` is given their JSON."""
    assembly = synthesize(system, environment)
    names = {
        key: artifact["properties"]["stackName"]
        for key, artifact in assembly.manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    return TemplateSet(
        stacks={
            names[stack]: _stack(names[stack], stack, json.loads(change(json.dumps(normalized(template)))))
            for stack, template in assembly.templates.items()
        }
    )


def essence(templates: TemplateSet) -> dict[str, Template]:
    """What decides over data, by stack: what holds it, by what it may be replaced, and what that refers to in turn."""
    values = Values(templates)
    found: dict[str, dict[str, dict[str, Any]]] = {}
    pending = [
        Reference(stack.name, logical_id)
        for stack in templates.stacks.values()
        for logical_id, resource in stack.resources.items()
        if (holding := holding_of(resource)) and holding.is_data
    ]
    while pending:
        it = pending.pop()
        resource = templates.resource(it.stack, it.logical_id)
        resources = found.setdefault(it.stack, {"Resources": {}, "Outputs": {}})["Resources"]
        if resource is None or it.logical_id in resources:
            continue
        resources[it.logical_id] = {name: resource[name] for name in _POLICIES if name in resource}
        if properties := dict(_deciding(resource)):
            resources[it.logical_id]["Properties"] = properties
        pending += references(values.resolve(properties, it.stack))
        for producer, output in outputs_read(properties):
            outputs = found.setdefault(producer, {"Resources": {}, "Outputs": {}})["Outputs"]
            outputs[output] = templates.stacks[producer].outputs[output]
    return {stack: found[stack] for stack in sorted(found)}


def keep() -> Iterator[Path]:
    """Write the templates of today as those of a release."""
    for system, environment in all_environments():
        path = _KEPT / f"{system}-{environment}.json"
        path.parent.mkdir(exist_ok=True)
        content = json.dumps(essence(today(system, environment)), indent=1, sort_keys=True)
        path.write_text(f"{content}\n", encoding="utf-8")
        yield path


def _kept() -> dict[Environment, TemplateSet]:
    found: dict[Environment, TemplateSet] = {}
    for path in sorted(_KEPT.glob("*.json")):
        system, _, environment = path.stem.rpartition("-")
        templates: dict[str, Template] = json.loads(path.read_text(encoding="utf-8"))
        found[system, environment] = TemplateSet(
            stacks={name: _stack(name, name, template) for name, template in templates.items()}
        )
    return found


def _of_tag(root: Path, tag: str) -> dict[Environment, TemplateSet]:
    found: dict[Environment, dict[str, Stack]] = {}
    for path in (_git(root, "ls-tree", "-r", "--name-only", tag, f"{_SNAPSHOTS}/") or "").splitlines():
        if (name := _NAME.search(path)) is None:
            continue
        # The stacks of an environment are named after it, system first.
        stack = f"{name['system']}-{name['environment']}-{name['stack'].lower()}"
        template = json.loads(_git(root, "show", f"{tag}:{path}") or "{}")
        found.setdefault((name["system"], name["environment"]), {})[stack] = _stack(stack, name["stack"], template)
    return {environment: TemplateSet(stacks=stacks) for environment, stacks in found.items()}


def _stack(name: str, its_id: str, template: Template) -> Stack:
    return Stack(name=name, id=its_id, template=template, region=REGION)


def _deciding(resource: Template) -> Iterator[tuple[str, Any]]:
    schema = schema_of(str(resource["Type"]), REGION)
    given = resource.get("Properties") or {}
    names = {pointer[0] for pointer in (*schema.create_only, *schema.conditional)} if schema else set(given)
    return ((name, given[name]) for name in sorted(names & set(given)))


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603  # arguments of ours
            ["git", "-C", str(root), *arguments],  # noqa: S607  # whichever git the person has
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


if __name__ == "__main__":
    for written in keep():
        print(written.relative_to(PROJECT_ROOT), file=sys.stderr)
