"""Synthesizes each system and environment once per test process, so that all tests look at the same templates."""

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import aws_cdk as cdk
from aws_cdk import cx_api

from config.load import environments_of, load, system_names
from config.model import SystemConfig
from constructs_lib.project import PROJECT_ROOT
from constructs_lib.providers import AWS, LOCAL, Provider
from gates.plain_http import acknowledge
from stacks.compose import Stacks, build_app, new_app

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
    taggable: frozenset[str]
    """"stack/logical id" of every resource whose type takes tags."""
    folder: Path
    """Where it lies, as the CLI finds it."""

    @property
    def notes(self) -> dict[str, dict[str, Any]]:
        """What the app notes beside the templates for those who read the assembly: by stack, and by type."""
        found: dict[str, dict[str, Any]] = {}
        for name in self.templates:
            artifact = self.manifest["artifacts"][name]
            beside = artifact.get("additionalMetadataFile")
            noted = artifact.get("metadata") or json.loads((self.folder / beside).read_text())
            entries = [entry for each in noted.values() for entry in each if not entry["type"].startswith("aws:")]
            found[name] = {entry["type"]: entry["data"] for entry in entries}
        return found

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


def assembly_of(app: cdk.App) -> cx_api.CloudAssembly:
    """Synthesize an app that nobody deploys: what is told to who deploys would be told again for each test."""
    acknowledge(app)
    return app.synth()


@cache
def empty_package() -> Path:
    """Stands for the dependencies' zip, which takes a package index to make and no test looks into."""
    path = PROJECT_ROOT / "build" / "layers" / "empty.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Another process of the same test run may look for it meanwhile: it is whole as soon as it is there.
        with NamedTemporaryFile(dir=path.parent, delete=False) as made, zipfile.ZipFile(made, "w"):
            pass
        Path(made.name).replace(path)
    return path


def overrides_for(system: str, environment: str) -> dict[str, str]:
    """What a deployment of an environment has to be given: a certificate where plain HTTP is refused."""
    balancer = environments_of(system)[environment]().load_balancer
    needed = environment == "prod" and balancer is not None and balancer.plain_http_because is None
    return {"certificate_arn": CERTIFICATE_ARN} if needed else {}


def configuration(system: str, environment: str) -> SystemConfig:
    return load(system, environment, overrides_for(system, environment))


@cache
def synthesize(system: str, environment: str, provider_name: str = "aws") -> Assembly:
    return synthesize_config(configuration(system, environment), provider_name)


def synthesize_config(
    config: SystemConfig, provider_name: str = "aws", afterwards: Callable[[Stacks], None] | None = None
) -> Assembly:
    """Synthesize a system of any configuration; `afterwards` may add to its stacks what they do not do themselves."""
    provider: Provider = replace(AWS, dependencies_package=empty_package) if provider_name == "aws" else LOCAL
    app = new_app(cdk_context())
    stacks = build_app(app, config, provider, cdk.Environment(account=ACCOUNT, region=REGION))
    if afterwards is not None:
        afterwards(stacks)
    cloud_assembly = assembly_of(app)
    folder = Path(cloud_assembly.directory)
    return Assembly(
        templates={stack.id: json.loads(Path(stack.template_full_path).read_text()) for stack in cloud_assembly.stacks},
        manifest=json.loads((folder / "manifest.json").read_text()),
        taggable=frozenset(name for stack in stacks for name in _taggable(stack)),
        folder=folder,
    )


def _taggable(stack: cdk.Stack) -> Iterator[str]:
    for construct in stack.node.find_all():
        if isinstance(construct, cdk.CfnResource) and cdk.TagManager.is_taggable(construct):
            yield f"{stack.node.id}/{stack.resolve(construct.logical_id)}"
