"""Which properties CloudFormation can set at creation only, from its own resource schemas as cfn-lint carries them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from assembly.errors import InputError

Pointer = tuple[str, ...]
"""Path of a property: names, and `*` for every element of a list."""

# For a region that is not known, or that cfn-lint does not know.
_ANY_REGION = "us-east-1"
_CUSTOM = ("Custom::", "AWS::CloudFormation::CustomResource")
_PROPERTIES = "/properties/"

# The CDK CLI asks before a deployment by a specification of its own, aws-cdk/db.json.gz. What that calls a replacement,
# while the schema does not, may be one. A test holds these against it.
CALLED_REPLACING_BY_THE_CLI: Mapping[str, tuple[str, ...]] = {
    "AWS::DocDB::DBCluster": ("EngineVersion",),
    "AWS::EC2::EIP": ("Domain",),
    "AWS::ElastiCache::CacheCluster": ("AZMode", "NumCacheNodes", "PreferredAvailabilityZone"),
    "AWS::ElastiCache::ReplicationGroup": ("Engine", "NumNodeGroups", "ReplicasPerNodeGroup"),
    "AWS::FSx::FileSystem": ("FileSystemTypeVersion",),
    "AWS::RDS::DBCluster": ("WithExpressConfiguration",),
    "AWS::RDS::DBInstance": ("Port", "StorageType"),
    "AWS::S3::Bucket": ("ObjectLockEnabled",),
}

# "Some interruptions" in the template reference, which the schema does not tell from a replacement: the instance
# restarts at most, as when it is modified by hand.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html
_INTERRUPTING_ONLY: Mapping[str, frozenset[str]] = {
    "AWS::RDS::DBInstance": frozenset(
        {
            "AutoMinorVersionUpgrade",
            "BackupRetentionPeriod",
            "DBParameterGroupName",
            "MultiAZ",
            "PreferredMaintenanceWindow",
        }
    ),
}


@dataclass(frozen=True, slots=True)
class Schema:
    """How a type takes changes."""

    create_only: tuple[Pointer, ...]
    """A change of one of these replaces the resource."""
    conditional: tuple[Pointer, ...] = ()
    """A change of one of these replaces it under conditions that the schema does not tell."""


@cache
def schema_of(resource_type: str, region: str | None) -> Schema | None:
    """The schema of a type in a region (us-east-1 where that is not known); None for an unknown type.

    Raises:
        InputError: cfn-lint is not installed.
    """
    if resource_type.startswith(_CUSTOM):
        return Schema(create_only=(("ServiceToken",),))
    name = _types(region or _ANY_REGION).get(resource_type)
    if name is None:
        return None
    schema = _json(_data() / "resources" / f"{name}.json")
    harmless = _INTERRUPTING_ONLY.get(resource_type, frozenset())
    also = [(name,) for name in CALLED_REPLACING_BY_THE_CLI.get(resource_type, ())]
    conditional = [*_pointers(schema.get("conditionalCreateOnlyProperties", ())), *also]
    return Schema(
        create_only=tuple(_pointers(schema.get("createOnlyProperties", ()))),
        conditional=tuple(pointer for pointer in conditional if pointer[0] not in harmless),
    )


def properties_of(resource_type: str, region: str | None) -> frozenset[str]:
    """The names of a type's properties; none of an unknown type.

    Raises:
        InputError: cfn-lint is not installed.
    """
    name = _types(region or _ANY_REGION).get(resource_type)
    return frozenset(_json(_data() / "resources" / f"{name}.json").get("properties", ())) if name else frozenset()


def at(properties: Any, pointer: Pointer) -> list[Any]:
    """The values at a path: none where it is left out, several where it leads through a list."""
    values = [properties]
    for name in pointer:
        if name == "*":
            values = [each for value in values if isinstance(value, list) for each in value]
        else:
            values = [value[name] for value in values if isinstance(value, dict) and name in value]
    return values


def spelled(pointer: Pointer) -> str:
    """A path for people, such as `EncryptionAtRestOptions.KmsKeyId`."""
    return ".".join(pointer)


@cache
def _types(region: str) -> dict[str, str]:
    """Name of the schema by type."""
    path = _data() / "providers" / f"{region}.json"
    return _json(path if path.is_file() else path.with_name(f"{_ANY_REGION}.json"))


@cache
def _data() -> Path:
    """The schemas in cfn-lint's package, without importing it.

    Importing takes seconds, and its own reader prefers a download of another day to what the lock pins.
    """
    package = find_spec("cfnlint")
    if package is None or not package.submodule_search_locations:
        raise InputError("cfn-lint, which carries CloudFormation's resource schemas, is not installed; make install")
    return Path(package.submodule_search_locations[0]) / "data" / "schemas"


def _json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _pointers(paths: Iterable[str]) -> Iterator[Pointer]:
    for path in paths:
        yield tuple(path.removeprefix(_PROPERTIES).split("/"))
