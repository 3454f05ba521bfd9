"""Synthesizes each system and environment once per test process; all tests look at the same templates."""

import json
import zipfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from config.load import environments_of, load, system_names
from constructs_lib.project import PROJECT_ROOT
from constructs_lib.providers import AWS, LOCAL, Provider
from stacks.compose import build_app, new_app

ACCOUNT = "123456789012"
REGION = "eu-central-1"
CERTIFICATE_ARN = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/11111111-2222-3333-4444-555555555555"

Template = dict[str, Any]
Resource = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Assembly:
    """A synthesized system: templates by the id of their stack, and the manifest the CLI deploys from."""

    templates: dict[str, Template]
    manifest: dict[str, Any]

    def resources(self, resource_type: str, stack: str | None = None) -> dict[str, Resource]:
        """Resources of a type by "stack/logical id", in one stack or in all."""
        return {
            f"{name}/{logical_id}": resource
            for name, template in self.templates.items()
            if stack in (None, name)
            for logical_id, resource in template["Resources"].items()
            if resource["Type"] == resource_type
        }

    def only(self, resource_type: str, stack: str | None = None) -> Template:
        """Properties of the only resource of a type."""
        (resource,) = self.resources(resource_type, stack).values()
        properties: Template = resource["Properties"]
        return properties


def all_environments() -> list[tuple[str, str]]:
    return [(system, environment) for system in system_names() for environment in environments_of(system)]


def cdk_context() -> dict[str, Any]:
    context: dict[str, Any] = json.loads((PROJECT_ROOT / "cdk.json").read_text())["context"]
    return context


@cache
def empty_package() -> Path:
    """Stands for the dependencies' zip, which takes a package index to make and no test looks into."""
    path = PROJECT_ROOT / "build" / "layers" / "empty.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with zipfile.ZipFile(path, "w"):
            pass
    return path


@cache
def synthesize(system: str, environment: str, provider_name: str = "aws") -> Assembly:
    provider: Provider = replace(AWS, dependencies_package=empty_package) if provider_name == "aws" else LOCAL
    overrides = {"certificate_arn": CERTIFICATE_ARN} if environment == "prod" else {}
    app = new_app(cdk_context())
    build_app(
        app,
        load(system, environment, overrides),
        provider,
        cdk.Environment(account=ACCOUNT, region=REGION),
    )
    cloud_assembly = app.synth()
    return Assembly(
        templates={stack.id: json.loads(Path(stack.template_full_path).read_text()) for stack in cloud_assembly.stacks},
        manifest=json.loads((Path(cloud_assembly.directory) / "manifest.json").read_text()),
    )
