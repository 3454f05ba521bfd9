"""What roles may do: nothing by a wildcard that is not on the list, and each role for one piece of code."""

from pathlib import Path

import pytest

from config.model import SystemConfig
from gates.security.wildcards import wildcards
from tests.support.changed import changed
from tests.support.synth import (
    ACCOUNT,
    REGION,
    Assembly,
    all_environments,
    configuration,
    synthesize,
    synthesize_config,
)
from tests.sweeps.statements import is_wildcard, of_roles

BOUNDARY = "arn:aws:iam::123456789012:policy/bounds/workload"


@pytest.fixture(params=all_environments(), ids="/".join)
def assembly(request: pytest.FixtureRequest) -> Assembly:
    return synthesize(*request.param)


def test_no_role_has_policies_of_aws(assembly: Assembly) -> None:
    """They are full of wildcards, and change with AWS's mind."""
    roles = assembly.resources("AWS::IAM::Role")
    assert roles
    assert [place for place, role in roles.items() if role["Properties"].get("ManagedPolicyArns")] == []


def unlisted(assembly: Assembly) -> list[str]:
    """Resources with a wildcard that roles are allowed and no line of the list covers."""
    return [
        f"{statement.place}: {action} on {resource}; name the resource, or list it in gates/security/wildcards.toml"
        for statement in of_roles(assembly)
        for resource in statement.resources
        for action in statement.actions
        if is_wildcard(resource)
        and not any(each.covers(action, resource, statement.conditions) for each in wildcards())
    ]


def test_every_wildcard_in_a_resource_is_listed(assembly: Assembly) -> None:
    assert unlisted(assembly) == []


INTERFACES = {"Effect": "Allow", "Action": "ec2:DescribeSubnets", "Resource": "*"}
SENDING = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/*"}
SENDER = {"StringEquals": {"ses:FromAddress": "orders@example.com"}}
SQS = {"Effect": "Allow", "Action": "sqs:SendMessage"}


@pytest.mark.parametrize(
    ("statement", "is_listed"),
    [
        (INTERFACES | {"Condition": {"Null": {"lambda:SourceFunctionArn": "true"}}}, True),
        (INTERFACES | {"Condition": {"Null": {"lambda:SourceFunctionArn": True}}}, True),
        (INTERFACES | {"Condition": {"Null": {"lambda:SourceFunctionArn": "false"}}}, False),
        (INTERFACES | {"Condition": {"StringLike": {"lambda:SourceFunctionArn": "*"}}}, False),
        (INTERFACES, False),
        (SENDING | {"Condition": SENDER}, True),
        (SENDING | {"Condition": {"StringLike": {"ses:FromAddress": "*"}}}, False),
        (SENDING | {"Condition": {"StringNotEquals": {"ses:FromAddress": "orders@example.com"}}}, False),
        (SENDING | {"Condition": {"StringEquals": {"ses:FromAddress": ["orders@example.com", "a@b.example"]}}}, False),
        (SQS | {"Resource": f"arn:aws:sqs:{REGION}:{ACCOUNT}:events"}, True),
        (SQS | {"Resource": {"Fn::Sub": "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:events"}}, True),
        (SQS | {"Resource": f"arn:aws:sqs:{REGION}:{ACCOUNT}:event?"}, False),
        (SQS | {"Resource": {"Fn::Sub": "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:*"}}, False),
        (SQS | {"Resource": {"Fn::Sub": ["arn:aws:sqs:${Where}:events", {"Where": "*:*"}]}}, False),
    ],
)
def test_a_wildcard_is_found_however_it_is_written(statement: dict[str, object], is_listed: bool) -> None:
    policy = {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": {"Statement": [statement]}}}
    templates = {"Api": {"Resources": {"Policy": policy}}}
    assembly = Assembly(templates=templates, manifest={}, taggable=frozenset(), folder=Path())
    assert (unlisted(assembly) == []) is is_listed


def test_no_line_of_the_list_is_stale() -> None:
    """A line that nothing needs would let in what nobody has looked at."""
    needed = {
        (each.resource, action)
        for names in all_environments()
        for statement in of_roles(synthesize(*names))
        for resource in statement.resources
        for action in statement.actions
        for each in wildcards()
        if each.covers(action, resource, statement.conditions)
    }
    listed = {(each.resource, action) for each in wildcards() for action in each.actions}
    assert listed - needed == set()
    assert len(listed) > 10


def test_no_two_pieces_of_code_share_a_role(assembly: Assembly) -> None:
    """What one of them may, the next one's fault could use; what pulls an image and writes logs for one, for one."""
    owners: dict[str, str] = {}
    for place, function in assembly.resources("AWS::Lambda::Function").items():
        stack = place.partition("/")[0]
        role = f"{stack} {function['Properties']['Role']}"
        assert owners.setdefault(role, place) == place
    for place, task in assembly.resources("AWS::ECS::TaskDefinition").items():
        stack = place.partition("/")[0]
        for name in ("TaskRoleArn", "ExecutionRoleArn"):
            role = f"{stack} {task['Properties'][name]}"
            assert owners.setdefault(role, f"{place} {name}") == f"{place} {name}"
    assert len(owners) > 3


@pytest.mark.parametrize("environment", [("notifications", "dev"), ("webapp", "prod")], ids="/".join)
def test_a_boundary_binds_every_role(environment: tuple[str, str]) -> None:
    """Those of the CDK's own custom resources too: `webapp` empties buckets, and every VPC closes a group."""
    config: SystemConfig = changed(configuration(*environment), permissions_boundary=BOUNDARY)
    roles = synthesize_config(config).resources("AWS::IAM::Role")
    assert any("CustomResourceProvider" in place for place in roles)
    assert {str(role["Properties"].get("PermissionsBoundary")) for role in roles.values()} == {BOUNDARY}


def test_without_a_boundary_none_is_set() -> None:
    roles = synthesize("notifications", "dev").resources("AWS::IAM::Role")
    assert not [place for place, role in roles.items() if "PermissionsBoundary" in role["Properties"]]


def test_who_may_use_the_key_of_secrets_may_for_named_secrets_only(assembly: Assembly) -> None:
    """Several secrets are under the key of a stack: the service alone would open it for all of them."""
    for statement in of_roles(assembly):
        values = {each.key: each.values for each in statement.conditions if each.operator == "StringEquals"}
        if any("secretsmanager." in value for value in values.get("kms:ViaService", ())):
            assert values.get("kms:EncryptionContext:SecretARN"), f"{statement.place}: {statement.actions}"
