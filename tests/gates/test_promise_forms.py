"""The Guard file on templates of others: each way to break a promise is found, and each way to keep it is not."""

from pathlib import Path
from typing import Any

import pytest

from gates.security.places import templates_of
from gates.security.promises import broken
from tests.assembly.assemblies import write
from tests.gates.conftest import failed

Properties = dict[str, Any]
Resources = dict[str, Properties]

INSECURE = {"Bool": {"aws:SecureTransport": "false"}}
ADMINISTRATOR = "iam::aws:policy/AdministratorAccess"
ADMINISTRATOR_ANYWHERE = "arn:${AWS::Partition}:" + ADMINISTRATOR
# A kind of resource that others use, the policy that is for it, the property that names it there, and all its actions.
REFUSING = [
    ("queue", "AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues", "sqs:*"),
    ("topic", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics", "sns:Publish"),
    ("bucket", "AWS::S3::Bucket", "AWS::S3::BucketPolicy", "Bucket", "s3:*"),
]
REDIRECT = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
BACK_TO_HTTP = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTP", "Port": "8080", "StatusCode": "HTTP_301"}}
FORWARD = {
    "Type": "forward",
    "TargetGroupArn": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/a/b",
}
POLICY_TYPES = ["Policy", "ManagedPolicy", "RolePolicy", "UserPolicy", "GroupPolicy"]


def one(type_: str, **properties: Any) -> Resources:
    return {"One": {"Type": type_, "Properties": properties}}


def allow(action: str | list[str]) -> Properties:
    return {"Effect": "Allow", "Action": action, "Resource": "*"}


def policy(kind: str, statement: Any) -> Resources:
    return one(f"AWS::IAM::{kind}", PolicyDocument={"Version": "2012-10-17", "Statement": statement})


def inline(kind: str, statement: Any) -> Resources:
    document = {"Version": "2012-10-17", "Statement": statement}
    return one(f"AWS::IAM::{kind}", Policies=[{"PolicyName": "all", "PolicyDocument": document}])


def listener(action: Properties) -> Resources:
    return {
        "Plain": {
            "Type": "AWS::ElasticLoadBalancingV2::Listener",
            "Properties": {"Protocol": "HTTP", "Port": 80, "DefaultActions": [action]},
        }
    }


def rule_of_listener(default: Properties, action: Properties) -> Resources:
    properties = {"ListenerArn": {"Ref": "Plain"}, "Priority": 1, "Actions": [action]}
    return listener(default) | one("AWS::ElasticLoadBalancingV2::ListenerRule", **properties)


def container(**properties: Any) -> Resources:
    return one("AWS::ECS::TaskDefinition", ContainerDefinitions=[{"Name": "api", "User": "10001", **properties}])


def alarm(**properties: Any) -> Resources:
    return one("AWS::CloudWatch::Alarm", AlarmActions=["arn:aws:sns:eu-central-1:123456789012:people"], **properties)


def opened(first: int, last: int, **source: str) -> list[Resources]:
    """A range of ports, opened in a group and by a rule that stands by itself."""
    rule = {"IpProtocol": "tcp", "FromPort": first, "ToPort": last, **source}
    return [
        one("AWS::EC2::SecurityGroup", SecurityGroupIngress=[rule]),
        one("AWS::EC2::SecurityGroupIngress", **rule),
    ]


def broken_rules(folder: Path, resources: Resources) -> set[str]:
    assembly = write(folder, Others={"Resources": resources})
    return {each.rule for each in broken(assembly, "others/dev", templates_of(assembly))}


def refusing(type_: str, policy_type: str, names: str, statement: Properties) -> Resources:
    target: Any = {"Ref": "Target"}
    properties = {
        names: target if names == "Bucket" else [target],
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
    return {"Target": {"Type": type_, "Properties": {}}} | one(policy_type, **properties)


@pytest.mark.parametrize("used", REFUSING, ids=[row[0] for row in REFUSING])
@pytest.mark.parametrize(
    ("change", "is_found"),
    [
        ({}, False),
        ({"Principal": "*"}, False),
        ({"Principal": {"AWS": ["*"]}}, False),
        ({"Effect": "Allow"}, True),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}, True),
        ({"Principal": {"Service": "events.amazonaws.com"}}, True),
        ({"Action": "sts:AssumeRole"}, True),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, True),
        ({"Condition": INSECURE | {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}, True),
    ],
    ids=["as AWS says", "everybody", "list", "allow", "one account", "one service", "action", "TLS", "one VPC"],
)
def test_only_a_refusal_of_everybody_and_everything_refuses(
    tmp_path: Path, used: tuple[str, str, str, str, str], change: Properties, is_found: bool
) -> None:
    kind, type_, policy_type, names, action = used
    statement = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": action,
        "Resource": "*",
        "Condition": INSECURE,
        **change,
    }
    found = broken_rules(tmp_path, refusing(type_, policy_type, names, statement))
    assert (f"{kind}_refuses_plain_http" in found) is is_found


@pytest.mark.parametrize("kind", POLICY_TYPES)
@pytest.mark.parametrize(
    ("statement", "is_found"),
    [
        ([allow("*")], True),
        (allow("*"), True),
        ([allow("s3:GetObject"), allow(["s3:PutObject", "s3:List*"])], True),
        (allow("s3:GetObjec?"), True),
        ({"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "*"}, True),
        (allow("s3:GetObject"), False),
        ([allow("s3:GetObject"), allow(["s3:PutObject", "s3:ListBucket"])], False),
        ({"Effect": "Deny", "Action": "*", "Resource": "*"}, False),
    ],
)
def test_a_wildcard_is_found_in_every_kind_of_policy(tmp_path: Path, kind: str, statement: Any, is_found: bool) -> None:
    assert ("no_wildcard_action" in broken_rules(tmp_path, policy(kind, statement))) is is_found


@pytest.mark.parametrize("kind", ["Role", "User", "Group"])
@pytest.mark.parametrize(
    ("statement", "is_found"),
    [
        ([allow("*")], True),
        (allow("*"), True),
        (allow("s3:GetObject"), False),
        ([allow("s3:GetObject")], False),
        ({"Effect": "Deny", "Action": "*", "Resource": "*"}, False),
    ],
)
def test_a_wildcard_is_found_inside_of_whom_it_is_for(
    tmp_path: Path, kind: str, statement: Any, is_found: bool
) -> None:
    assert ("no_wildcard_action_inline" in broken_rules(tmp_path, inline(kind, statement))) is is_found


@pytest.mark.parametrize("kind", ["Role", "User", "Group"])
@pytest.mark.parametrize(
    ("arn", "is_found"),
    [
        (f"arn:aws:{ADMINISTRATOR}", True),
        ({"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, f":{ADMINISTRATOR}"]]}, True),
        ({"Fn::Sub": ADMINISTRATOR_ANYWHERE}, True),
        ({"Fn::Sub": [ADMINISTRATOR_ANYWHERE, {}]}, True),
        ("arn:aws:iam::aws:policy/PowerUserAccess", True),
        ("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", False),
        ({"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AmazonS3ReadOnlyAccess"}, False),
        ({"Ref": "OurOwn"}, False),
    ],
)
def test_a_policy_for_administrators_is_found_however_it_is_written(
    tmp_path: Path, kind: str, arn: Any, is_found: bool
) -> None:
    resources = one(f"AWS::IAM::{kind}", ManagedPolicyArns=[{"Ref": "Another"}, arn])
    assert ("no_broad_managed_policy" in broken_rules(tmp_path, resources)) is is_found


@pytest.mark.parametrize(
    ("first", "last", "source", "is_found"),
    [
        (80, 80, {"CidrIp": "0.0.0.0/0"}, False),
        (443, 443, {"CidrIpv6": "::/0"}, False),
        (80, 443, {"CidrIp": "0.0.0.0/0"}, True),
        (80, 443, {"CidrIpv6": "::/0"}, True),
        (5432, 5432, {"CidrIp": "0.0.0.0/1"}, True),
        (5432, 5432, {"CidrIp": "128.0.0.0/1"}, True),
        (5432, 5432, {"CidrIpv6": "2000::/3"}, True),
        (5432, 5432, {"CidrIp": "10.0.0.0/8"}, False),
        (5432, 5432, {"CidrIpv6": "fc00::/7"}, False),
        (5432, 5432, {"CidrIpv6": "2001:db8::/48"}, False),
        (5432, 5432, {"CidrIp": "203.0.113.7/32"}, False),
    ],
)
def test_ports_that_the_world_reaches(
    tmp_path: Path, first: int, last: int, source: dict[str, str], is_found: bool
) -> None:
    in_group, alone = opened(first, last, **source)
    assert ("only_web_ports_are_open" in broken_rules(tmp_path / "group", in_group)) is is_found
    assert ("only_web_ports_are_opened" in broken_rules(tmp_path / "rule", alone)) is is_found


BAD: list[tuple[str, Resources]] = [
    ("no_plain_http", listener(FORWARD)),
    ("no_plain_http", listener(BACK_TO_HTTP)),
    ("no_plain_http_past_the_redirect", rule_of_listener(REDIRECT, FORWARD)),
    ("no_plain_http_past_the_redirect", rule_of_listener(REDIRECT, BACK_TO_HTTP)),
    *(("container_is_not_root", container(User=user)) for user in ("root", "0", "0:10001", "root:app", "00", 0)),
    ("container_is_not_root", one("AWS::ECS::TaskDefinition", ContainerDefinitions=[{"Name": "api"}])),
    ("container_is_not_privileged", container(Privileged=True)),
    ("encryption_keys_rotate", one("AWS::KMS::Key", KeySpec="SYMMETRIC_DEFAULT")),
    ("encryption_keys_rotate", one("AWS::KMS::Key")),
    ("alarms_notify", alarm(ActionsEnabled=False)),
    ("alarms_notify", one("AWS::CloudWatch::Alarm", ActionsEnabled=True)),
    ("no_cache_without_encryption", one("AWS::ElastiCache::CacheCluster", Engine="redis")),
    ("function_asks_who_calls", one("AWS::Lambda::Url", AuthType="NONE")),
    ("table_is_backed_up", one("AWS::DynamoDB::Table")),
    ("files_are_encrypted", one("AWS::EFS::FileSystem")),
    ("files_are_encrypted", one("AWS::EFS::FileSystem", Encrypted=False)),
]
GOOD: list[tuple[str, Resources]] = [
    ("no_plain_http", listener(REDIRECT)),
    ("no_plain_http_past_the_redirect", rule_of_listener(REDIRECT, REDIRECT)),
    ("no_plain_http_past_the_redirect", rule_of_listener(FORWARD, FORWARD)),
    *(("container_is_not_root", container(User=user)) for user in ("10001", "10001:0", "app", "rooted", 10001)),
    ("container_is_not_privileged", container()),
    ("container_is_not_privileged", container(Privileged=False)),
    ("encryption_keys_rotate", one("AWS::KMS::Key", KeySpec="SYMMETRIC_DEFAULT", EnableKeyRotation=True)),
    ("encryption_keys_rotate", one("AWS::KMS::Key", KeySpec="RSA_2048")),
    ("alarms_notify", alarm()),
    ("alarms_notify", alarm(ActionsEnabled=True)),
    ("no_cache_without_encryption", one("AWS::ElastiCache::ServerlessCache", Engine="valkey")),
    ("function_asks_who_calls", one("AWS::Lambda::Url", AuthType="AWS_IAM")),
    (
        "table_is_backed_up",
        one("AWS::DynamoDB::Table", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}),
    ),
    ("files_are_encrypted", one("AWS::EFS::FileSystem", Encrypted=True)),
]


@pytest.mark.parametrize(("rule", "resources"), BAD, ids=[f"{rule}{at}" for at, (rule, _) in enumerate(BAD)])
def test_what_breaks_a_promise_in_another_form_is_found(tmp_path: Path, rule: str, resources: Resources) -> None:
    assert rule in broken_rules(tmp_path, resources)


@pytest.mark.parametrize(("rule", "resources"), GOOD, ids=[f"{rule}{at}" for at, (rule, _) in enumerate(GOOD)])
def test_what_keeps_a_promise_in_another_form_is_not_found(tmp_path: Path, rule: str, resources: Resources) -> None:
    assert rule not in broken_rules(tmp_path, resources)


def test_cfn_guard_says_the_same_of_each_form(tmp_path: Path, cfn_guard: Path) -> None:
    """Other projects run the file by it."""
    for resources in [resources for _, resources in (*BAD, *GOOD)]:
        expected = broken_rules(tmp_path, resources)
        assert failed(cfn_guard, tmp_path / "Others.template.json") == expected, resources
