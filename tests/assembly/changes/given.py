"""Small sets of templates, made by hand."""

import copy
from typing import Any

from assembly.changes.classify import compare
from assembly.changes.model import Change, Comparison
from assembly.changes.sources import Stack, TemplateSet

VPC = "AWS::EC2::VPC"
SUBNET = "AWS::EC2::Subnet"
QUEUE = "AWS::SQS::Queue"
BUCKET = "AWS::S3::Bucket"
FUNCTION = "AWS::Lambda::Function"
INSTANCE = "AWS::RDS::DBInstance"
CLUSTER = "AWS::RDS::DBCluster"


def resource(its_type: str, /, properties: dict[str, Any] | None = None, **attributes: Any) -> dict[str, Any]:
    """A resource: properties first, then attributes such as DeletionPolicy."""
    return {"Type": its_type, "Properties": properties or {}, **attributes}


def template(outputs: dict[str, Any] | None = None, /, **resources: dict[str, Any]) -> dict[str, Any]:
    """A template of these resources; outputs by name."""
    named = {name: {"Value": value} for name, value in (outputs or {}).items()}
    return {"Resources": resources, **({"Outputs": named} if named else {})}


def templates(*, depends_on: dict[str, set[str]] | None = None, **stacks: dict[str, Any]) -> TemplateSet:
    """A set with a stack per keyword."""
    return TemplateSet(
        stacks={
            name: Stack(
                name=name,
                id=name.capitalize(),
                template=copy.deepcopy(content),
                depends_on=frozenset((depends_on or {}).get(name, set())),
            )
            for name, content in stacks.items()
        }
    )


def output(stack: str, name: str) -> dict[str, Any]:
    """A weak reference to another stack."""
    return {"Fn::GetStackOutput": {"StackName": stack, "OutputName": name}}


def attribute(logical_id: str, name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [logical_id, name]}


def between(old: dict[str, dict[str, Any]], new: dict[str, dict[str, Any]]) -> dict[str, Change]:
    """What becomes of the resources of a single stack, by logical id."""
    found = compare(templates(data=template(**old)), templates(data=template(**new)))
    return by_id(found)


def by_id(comparison: Comparison) -> dict[str, Change]:
    found = {change.logical_id: change for change in comparison.changes}
    assert len(found) == len(comparison.changes)
    return found
