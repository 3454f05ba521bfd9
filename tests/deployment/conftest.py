"""A CloudFormation with stacks in it, and a CDK CLI that notes what it is asked for."""

import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest

from tests.assembly.assemblies import write
from tests.support.emulator import Aws, aws, emulator

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient

__all__ = ["aws", "emulator"]

# synth copies what the test has prepared; every command is a line of its log.
_CLI = """\
#!/bin/sh
echo "$*" >> "$FAKE_CDK/log"
if [ "$1" = synth ]; then
  while [ "$1" != --output ]; do shift; done
  [ -d "$FAKE_CDK/planned" ] || { echo 'groundwork: configuration is wrong' >&2; exit 1; }
  mkdir -p "$2" && cp "$FAKE_CDK"/planned/* "$2"
else
  [ ! -e "$FAKE_CDK/fails" ]
fi
"""


@dataclass(frozen=True, slots=True)
class Place:
    """An account, and an app to deploy to it."""

    folder: Path
    app: str
    """What the names of the stacks begin with; no other test has it."""
    cloudformation: "CloudFormationClient"

    def name(self, stack: str) -> str:
        """CloudFormation's name of a stack."""
        return f"{self.app}-{stack}"

    def is_deployed(self, **stacks: Mapping[str, Any]) -> None:
        """Make stacks in the account."""
        for stack, template in stacks.items():
            self.cloudformation.create_stack(StackName=self.name(stack), TemplateBody=json.dumps(template))
            self.cloudformation.get_waiter("stack_create_complete").wait(
                StackName=self.name(stack), WaiterConfig={"Delay": 1, "MaxAttempts": 20}
            )

    def is_planned(self, **stacks: dict[str, Any]) -> None:
        """Let the app be synthesized to these stacks."""
        folder = write(self.folder / "planned", **stacks)
        manifest = json.loads((folder / "manifest.json").read_text())
        for stack in stacks:
            manifest["artifacts"][stack]["properties"]["stackName"] = self.name(stack)
            # As where the app leaves account and region to the CLI.
            manifest["artifacts"][stack]["environment"] = "aws://unknown-account/unknown-region"
        (folder / "manifest.json").write_text(json.dumps(manifest))

    def commands(self) -> list[str]:
        """What the CLI was asked for, without synthesis."""
        log = self.folder / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [line for line in lines if not line.startswith("synth")]

    @property
    def arguments(self) -> list[str]:
        """What every deployment of it is called with."""
        return ["--folder", str(self.folder / "build"), "-c", "system=shop"]


@pytest.fixture
def place(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    cli = tmp_path / "bin" / "cdk"
    cli.parent.mkdir()
    cli.write_text(_CLI)
    cli.chmod(cli.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{cli.parent}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_CDK", str(tmp_path))
    return Place(tmp_path, f"t{uuid4().hex}", boto3.client("cloudformation", endpoint_url=aws.emulator.url))
