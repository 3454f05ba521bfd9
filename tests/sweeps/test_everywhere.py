"""Rules that hold for every resource of every system and environment, however it came about."""

import json
from typing import Any

import pytest

from config.load import load
from config.model import Lifecycle
from tests.support.synth import CERTIFICATE_ARN, Assembly, all_environments, synthesize

STATEFUL = {
    "AWS::RDS::DBCluster",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
}
# Fixed by AWS or by CloudFormation, or named by the CDK for resources of its own.
PHYSICAL_NAMES = {
    "AWS::SQS::Queue": "QueueName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::RDS::DBCluster": "DBClusterIdentifier",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::ECS::Service": "ServiceName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::IAM::Role": "RoleName",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "Name",
}
# Actions that AWS knows for no narrower resource.
WITHOUT_RESOURCE = {"ecr:GetAuthorizationToken"}


@pytest.fixture(params=all_environments(), ids="/".join)
def environment(request: pytest.FixtureRequest) -> tuple[str, str]:
    names: tuple[str, str] = request.param
    return names


@pytest.fixture
def assembly(environment: tuple[str, str]) -> Assembly:
    return synthesize(*environment)


def statements(assembly: Assembly) -> list[tuple[str, dict[str, Any]]]:
    """Every statement of a policy that gives permissions to a role, and where it stands."""
    found = []
    for place, policy in assembly.resources("AWS::IAM::Policy").items():
        found += [(place, one) for one in policy["Properties"]["PolicyDocument"]["Statement"]]
    for place, role in assembly.resources("AWS::IAM::Role").items():
        for policy in role["Properties"].get("Policies", []):
            found += [(place, one) for one in policy["PolicyDocument"]["Statement"]]
    return found


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_no_action_is_a_wildcard(assembly: Assembly) -> None:
    for place, statement in statements(assembly):
        for action in as_list(statement["Action"]):
            assert "*" not in action, place


def test_no_resource_is_a_wildcard(assembly: Assembly) -> None:
    for place, statement in statements(assembly):
        if set(as_list(statement["Action"])) <= WITHOUT_RESOURCE:
            continue
        assert "*" not in as_list(statement.get("Resource", [])), place


def test_every_log_group_ends_its_logs(assembly: Assembly) -> None:
    for place, group in assembly.resources("AWS::Logs::LogGroup").items():
        assert group["Properties"]["RetentionInDays"] == 30, place


def test_every_function_logs_to_a_group_that_ends(assembly: Assembly) -> None:
    """The group Lambda makes for a function without one keeps its logs for ever."""
    groups = set(assembly.resources("AWS::Logs::LogGroup"))
    functions = assembly.resources("AWS::Lambda::Function")
    assert len(functions) == 3
    for place, function in functions.items():
        group = function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
        assert f"{place.partition('/')[0]}/{group}" in groups, place


def test_every_queue_has_a_dlq_or_is_one(assembly: Assembly) -> None:
    queues = assembly.resources("AWS::SQS::Queue")
    targets = {
        f"{place.partition('/')[0]}/{queue['Properties']['RedrivePolicy']['deadLetterTargetArn']['Fn::GetAtt'][0]}"
        for place, queue in queues.items()
        if "RedrivePolicy" in queue["Properties"]
    }
    assert targets
    for place, queue in queues.items():
        assert "RedrivePolicy" in queue["Properties"] or place in targets, place


def test_every_alarm_tells_someone(assembly: Assembly) -> None:
    alarms = assembly.resources("AWS::CloudWatch::Alarm")
    assert len(alarms) == 6
    for place, alarm in alarms.items():
        assert alarm["Properties"]["AlarmActions"], place
        assert alarm["Properties"]["AlarmDescription"], place


def test_only_the_load_balancer_is_open_to_the_world(assembly: Assembly) -> None:
    for place, group in assembly.resources("AWS::EC2::SecurityGroup").items():
        for rule in group["Properties"].get("SecurityGroupIngress", []):
            if rule.get("CidrIp") == "0.0.0.0/0":
                assert "LoadBalancer" in place
                assert rule["FromPort"] == rule["ToPort"]
                assert rule["FromPort"] in {80, 443}
    for place, rule in assembly.resources("AWS::EC2::SecurityGroupIngress").items():
        assert "CidrIp" not in rule["Properties"], place


def test_everything_is_encrypted(assembly: Assembly) -> None:
    for place, queue in assembly.resources("AWS::SQS::Queue").items():
        assert queue["Properties"]["SqsManagedSseEnabled"] is True, place
    for place, topic in assembly.resources("AWS::SNS::Topic").items():
        assert "KmsMasterKeyId" in topic["Properties"], place
    for place, cluster in assembly.resources("AWS::RDS::DBCluster").items():
        assert cluster["Properties"]["StorageEncrypted"] is True, place


def test_no_secret_stands_in_a_template(assembly: Assembly) -> None:
    """What a template holds, everyone can read who may look at the stack."""
    for stack, template in assembly.templates.items():
        text = json.dumps(template)
        assert "{{resolve:secretsmanager" not in text, stack
        assert 'MasterUserPassword"' not in text.replace('ManageMasterUserPassword"', ""), stack


def test_nothing_is_named_by_hand(assembly: Assembly) -> None:
    """A named resource cannot be replaced: the new one would need the name of the old."""
    for resource_type, name in PHYSICAL_NAMES.items():
        for place, resource in assembly.resources(resource_type).items():
            assert name not in resource.get("Properties", {}), place


def test_state_follows_the_lifecycle(environment: tuple[str, str], assembly: Assembly) -> None:
    it = load(*environment, {"certificate_arn": CERTIFICATE_ARN})
    allowed = {
        Lifecycle.DESTROY: {"Delete"},
        Lifecycle.SNAPSHOT: {"Snapshot", "Retain"},
        Lifecycle.RETAIN: {"Retain"},
    }[it.lifecycle]
    seen = set()
    for resource_type in STATEFUL:
        for place, resource in assembly.resources(resource_type).items():
            seen.add(resource_type)
            assert resource["DeletionPolicy"] in allowed, place
            assert resource["UpdateReplacePolicy"] in allowed, place
    assert seen == STATEFUL


def test_protected_stacks_cannot_be_deleted(environment: tuple[str, str], assembly: Assembly) -> None:
    it = load(*environment, {"certificate_arn": CERTIFICATE_ARN})
    for name, artifact in assembly.manifest["artifacts"].items():
        if artifact["type"] == "aws:cloudformation:stack":
            protected = artifact["properties"].get("terminationProtection", False)
            assert protected is (it.lifecycle is not Lifecycle.DESTROY), name


def test_everything_is_tagged(environment: tuple[str, str], assembly: Assembly) -> None:
    """Costs and owners are found by tags; what has none is nobody's."""
    it = load(*environment, {"certificate_arn": CERTIFICATE_ARN})
    expected = {
        "system": it.system,
        "environment": it.environment,
        "owner": it.owner,
        "cost-center": it.cost_center,
    }.items()
    tagged = 0
    for stack, template in assembly.templates.items():
        for logical_id, resource in template["Resources"].items():
            tags = resource.get("Properties", {}).get("Tags")
            if tags is not None:
                tagged += 1
                assert expected <= {tag["Key"]: tag["Value"] for tag in tags}.items(), f"{stack}/{logical_id}"
    assert tagged > 30


def test_every_stack_tells_what_a_person_needs(assembly: Assembly) -> None:
    outputs = {
        stack: {name for name in template["Outputs"] if not name.startswith("PublishOutput")}
        for stack, template in assembly.templates.items()
    }
    assert outputs == {
        "Network": {"VpcId"},
        "Queue": {"QueueUrl", "DeadLetterQueueUrl", "AlarmTopicArn"},
        "Database": {"ClusterEndpoint", "SecretArn", "DatabaseName"},
        "Api": {"ApiUrl", "LoadBalancerArn", "ClusterName", "ServiceName"},
        "Worker": {"FunctionName", "TelegramSecretArn"},
    }
