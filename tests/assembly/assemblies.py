"""Cloud assemblies for tests: written by hand, or synthesized from a small app."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from assembly.recovery.figures import Failure, Row
from assembly.recovery.report import compute
from assembly.templates import Assembly, read

REGION = "eu-central-1"
ENVIRONMENT = cdk.Environment(account="123456789012", region=REGION)


def write(folder: Path, **templates: dict[str, Any]) -> Path:
    """An assembly with a stack per keyword."""
    folder.mkdir(parents=True, exist_ok=True)
    artifacts: dict[str, Any] = {"Tree": {"type": "cdk:tree", "properties": {"file": "tree.json"}}}
    for name, template in templates.items():
        (folder / f"{name}.template.json").write_text(json.dumps(template))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://123456789012/{REGION}",
            "properties": {"templateFile": f"{name}.template.json", "stackName": f"shop-{name}"},
        }
    (folder / "manifest.json").write_text(json.dumps({"version": "48.0.0", "artifacts": artifacts}))
    return folder


def resources(folder: Path, **given: dict[str, Any]) -> Assembly:
    """An assembly of one stack: a resource per keyword, as type and properties."""
    template = {
        "Resources": {
            logical_id: {"Type": properties.pop("Type"), "Properties": properties}
            for logical_id, properties in ((name, dict(each)) for name, each in given.items())
        }
    }
    return read(write(folder, data=template))


def synthesized(app: cdk.App) -> Assembly:
    return read(Path(app.synth().directory))


def only(assembly: Assembly, failure: Failure, logical_id: str | None = None) -> Row:
    """The row of a failure."""
    (row,) = (row for row in compute(assembly) if row.failure is failure and logical_id in (None, row.logical_id))
    return row
