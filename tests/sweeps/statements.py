"""Statements of policies as templates have them, in whichever form CloudFormation writes them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gates.security.wildcards import Condition
from tests.support.synth import ACCOUNT, REGION, Assembly

# Where policies of resources stand; what they say of themselves may be "*".
RESOURCE_POLICIES = {
    "AWS::Backup::BackupVault": "AccessPolicy",
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::OpenSearchService::Domain": "AccessPolicies",
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
    "AWS::SecretsManager::ResourcePolicy": "ResourcePolicy",
}

# What leads to one thing, whose name holds no wildcard.
REFERENCES = {"Ref", "Fn::GetAtt", "Fn::GetStackOutput", "Fn::ImportValue"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """A statement of a policy, and where it stands."""

    place: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    """As text; `${}` stands for what a reference leads to, `not ` before what is left out."""
    conditions: frozenset[Condition]


def of_roles(assembly: Assembly) -> Iterator[Statement]:
    """Yield what roles are given by policies of their own."""
    for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        for place, policy in assembly.resources(kind).items():
            yield from _of(place, policy["Properties"]["PolicyDocument"])
    for place, role in assembly.resources("AWS::IAM::Role").items():
        for policy in role["Properties"].get("Policies", []):
            yield from _of(place, policy["PolicyDocument"])


def of_resources(assembly: Assembly) -> Iterator[Statement]:
    """Yield what resources say of who may use them."""
    for kind, name in RESOURCE_POLICIES.items():
        for place, resource in assembly.resources(kind).items():
            if name in resource["Properties"]:
                yield from _of(place, resource["Properties"][name])


def of_endpoints(assembly: Assembly) -> Iterator[Statement]:
    """Yield what VPC endpoints let through: a bound on what callers are permitted, which permits nothing itself."""
    for place, endpoint in assembly.resources("AWS::EC2::VPCEndpoint").items():
        if "PolicyDocument" in endpoint["Properties"]:
            yield from _of(place, endpoint["Properties"]["PolicyDocument"])


def text(value: Any) -> str:
    """A value of a template as text, with `${}` for references, whatever account and region it is for."""
    match value:
        case bool() | int():
            return str(value).lower()
        case str():
            return value.replace(REGION, "${region}").replace(ACCOUNT, "${account}")
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(text(part) for part in parts)
        case {"Fn::Sub": [str(pattern), dict(variables)]}:
            return _substituted(pattern, variables)
        case {"Fn::Sub": str(pattern)}:
            return _substituted(pattern, {})
        case {**function} if function.keys() <= REFERENCES:
            return "${}"
        case _:
            raise ValueError(f"{value}: not known what it may become, so nobody can tell whether it is a wildcard")


def is_wildcard(written: str) -> bool:
    """Tell whether IAM takes an action or a resource for more than one."""
    return "*" in written or "?" in written


def _substituted(pattern: str, variables: dict[str, Any]) -> str:
    """What CloudFormation makes of a pattern; `${!name}` is a `${name}` that it leaves to IAM."""

    def put_in(found: re.Match[str]) -> str:
        name = found[1]
        return f"${{{name[1:]}}}" if name.startswith("!") else text(variables.get(name, {"Ref": name}))

    return re.sub(r"\$\{([^}]+)\}", put_in, text(pattern))


def _conditions(written: dict[str, dict[str, Any]]) -> Iterator[Condition]:
    for operator, keys in written.items():
        for key, values in keys.items():
            yield Condition(operator=operator, key=key, values=frozenset(text(each) for each in _as_list(values)))


def _of(place: str, document: dict[str, Any]) -> Iterator[Statement]:
    for statement in _as_list(document["Statement"]):
        left_out = [f"not {text(each)}" for each in _as_list(statement.get("NotResource", []))]
        yield Statement(
            place=place,
            effect=statement["Effect"],
            actions=tuple(_as_list(statement["Action"])),
            resources=(*(text(each) for each in _as_list(statement.get("Resource", []))), *left_out),
            conditions=frozenset(_conditions(statement.get("Condition", {}))),
        )


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
