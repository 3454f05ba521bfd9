"""The stacks that a cloud assembly's manifest names, and those of the assemblies nested in it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from assembly.errors import InputError

_MANIFEST = "manifest.json"
_STACK, _NESTED, _ASSETS = "aws:cloudformation:stack", "cdk:cloud-assembly", "cdk:asset-manifest"
# CDK's own name for an environment whose region is not known before deployment.
_UNKNOWN_REGION = "unknown-region"
_HINT = "synthesize first, such as with cdk synth --all, or name the folder: --assembly FOLDER"


@dataclass(frozen=True, kw_only=True, slots=True)
class StackArtifact:
    """A stack as the manifest has it."""

    name: str
    """CloudFormation's name."""
    path: str
    """Construct path, such as `Database`, or `Prod/Database` below a stage."""
    region: str | None
    """None if it is chosen at deployment."""
    template: Path
    """File of its template."""
    depends_on: tuple["StackArtifact", ...] = field(default=(), repr=False)
    """The stacks of the same assembly that are deployed before it."""
    asset_manifests: tuple[Path, ...] = ()
    """Files that list its assets."""
    metadata: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What is noted of its constructs in the manifest itself, by their path."""
    metadata_file: Path | None = None
    """The file that holds more of the kind: newer assemblies keep it apart."""


def is_assembly(folder: Path) -> bool:
    """Tell whether a folder is a cloud assembly."""
    return (folder / _MANIFEST).is_file()


def stack_artifacts(folder: Path) -> Iterator[StackArtifact]:
    """Yield the stacks of an assembly in the manifest's order, those of a nested one in its place.

    Raises:
        InputError: a manifest cannot be read.
    """
    artifacts: Mapping[str, Mapping[str, Any]] = document(folder / _MANIFEST).get("artifacts", {})
    stacks = {key: _plain(key, each, folder) for key, each in artifacts.items() if each.get("type") == _STACK}
    for key, artifact in artifacts.items():
        if key in stacks:
            yield _related(stacks[key], artifact.get("dependencies") or (), stacks, artifacts, folder)
        elif artifact.get("type") == _NESTED and "directoryName" in artifact.get("properties", {}):
            yield from stack_artifacts(folder / artifact["properties"]["directoryName"])


def document(path: Path, hint: str = _HINT) -> dict[str, Any]:
    """Read a JSON object of an assembly.

    Args:
        path: of the file.
        hint: what to do where it cannot be read.

    Raises:
        InputError: the file cannot be read, or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); {hint}") from None
    except ValueError as error:
        raise InputError(f"{path} is no JSON: {error}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path} is no JSON object")
    return content


def _plain(key: str, artifact: Mapping[str, Any], folder: Path) -> StackArtifact:
    properties = artifact.get("properties", {})
    region = str(artifact.get("environment", "")).rpartition("/")[2]
    beside = artifact.get("additionalMetadataFile")
    return StackArtifact(
        name=properties.get("stackName", key),
        path=str(artifact.get("displayName", key)),
        region=region if region and region != _UNKNOWN_REGION else None,
        template=folder / properties.get("templateFile", f"{key}.template.json"),
        metadata=artifact.get("metadata") or {},
        metadata_file=folder / beside if isinstance(beside, str) else None,
    )


def _related(
    stack: StackArtifact,
    needed: Iterable[str],
    stacks: Mapping[str, StackArtifact],
    artifacts: Mapping[str, Mapping[str, Any]],
    folder: Path,
) -> StackArtifact:
    """Return a stack with what it needs of the same assembly."""
    keys = tuple(needed)
    return replace(
        stack,
        depends_on=tuple(stacks[key] for key in keys if key in stacks),
        asset_manifests=tuple(
            folder / artifacts[key]["properties"]["file"]
            for key in keys
            if artifacts.get(key, {}).get("type") == _ASSETS
        ),
    )
