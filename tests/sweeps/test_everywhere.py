"""Rules that hold for every resource of every system and environment, however it came about."""

import json
import re
from typing import Any

import pytest

from config.model import Lifecycle, MonitoringConfig, SystemConfig
from tests.support.synth import Assembly, all_environments, configuration, synthesize
from tests.sweeps.statements import is_wildcard, of_resources, of_roles

STATEFUL = {
    "AWS::Backup::BackupVault",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::OpenSearchService::Domain",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
}
# Whose secrets stand for a password that a template hands over, by a reference that CloudFormation resolves.
BY_REFERENCE = {"AWS::AmazonMQ::Broker", "AWS::ElastiCache::ReplicationGroup", "AWS::OpenSearchService::Domain"}
# Fixed by AWS or by CloudFormation, or named by the CDK for resources of its own.
PHYSICAL_NAMES = {
    "AWS::SQS::Queue": "QueueName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::RDS::DBCluster": "DBClusterIdentifier",
    "AWS::RDS::DBInstance": "DBInstanceIdentifier",
    "AWS::ElastiCache::ReplicationGroup": "ReplicationGroupId",
    "AWS::OpenSearchService::Domain": "DomainName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::ECS::Service": "ServiceName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::IAM::Role": "RoleName",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "Name",
}
# What a service of AWS takes by a name with its own prefix only: WAF logs to no other group.
PREFIX_OF_AWS = {"AWS::Logs::LogGroup": "aws-waf-logs-"}
# Names that an account has only once in a region, or for IAM and S3 anywhere: by the path to them in the properties.
UNIQUE_NAMES = {
    **{resource_type: (name,) for resource_type, name in PHYSICAL_NAMES.items()},
    "AWS::AmazonMQ::Broker": ("BrokerName",),
    "AWS::AmazonMQ::Configuration": ("Name",),
    "AWS::Backup::BackupPlan": ("BackupPlan", "BackupPlanName"),
    "AWS::Backup::BackupVault": ("BackupVaultName",),
    "AWS::CloudWatch::Alarm": ("AlarmName",),
    "AWS::CloudWatch::Dashboard": ("DashboardName",),
    "AWS::EC2::SecurityGroup": ("GroupName",),
    "AWS::ECR::Repository": ("RepositoryName",),
    "AWS::ECS::TaskDefinition": ("Family",),
    "AWS::ElastiCache::ParameterGroup": ("CacheParameterGroupName",),
    "AWS::ElastiCache::SubnetGroup": ("CacheSubnetGroupName",),
    "AWS::ElasticLoadBalancingV2::TargetGroup": ("Name",),
    "AWS::Events::Rule": ("Name",),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName",),
    "AWS::KMS::Alias": ("AliasName",),
    "AWS::Lambda::LayerVersion": ("LayerName",),
    "AWS::RDS::DBClusterParameterGroup": ("DBClusterParameterGroupName",),
    "AWS::RDS::DBParameterGroup": ("DBParameterGroupName",),
    "AWS::RDS::DBSubnetGroup": ("DBSubnetGroupName",),
    "AWS::SSM::Parameter": ("Name",),
    "AWS::Scheduler::Schedule": ("Name",),
}


@pytest.fixture(params=all_environments(), ids="/".join)
def environment(request: pytest.FixtureRequest) -> tuple[str, str]:
    names: tuple[str, str] = request.param
    return names


@pytest.fixture
def config(environment: tuple[str, str]) -> SystemConfig:
    return configuration(*environment)


@pytest.fixture
def assembly(environment: tuple[str, str]) -> Assembly:
    return synthesize(*environment)


def test_no_action_is_a_wildcard(assembly: Assembly) -> None:
    """Neither of a role, nor in what a resource allows others; what is refused may be everything."""
    for statement in (*of_roles(assembly), *of_resources(assembly)):
        for action in statement.actions if statement.effect == "Allow" else ():
            assert not is_wildcard(action), statement.place


def test_stacks_hand_each_other_texts_and_no_lists(assembly: Assembly) -> None:
    """AWS documents no Fn::GetStackOutput within Fn::Split, by which a list would be taken apart again."""
    for stack, template in assembly.templates.items():
        for split in re.findall(r'"Fn::Split": \[[^\]]*', json.dumps(template)):
            assert "Fn::GetStackOutput" not in split, stack


def test_every_log_group_ends_its_logs(config: SystemConfig, assembly: Assembly) -> None:
    for place, group in assembly.resources("AWS::Logs::LogGroup").items():
        assert group["Properties"]["RetentionInDays"] == config.log_retention_days, place


def test_every_function_logs_to_a_group_that_ends(assembly: Assembly) -> None:
    """The group Lambda makes for a function without one keeps its logs for ever."""
    groups = set(assembly.resources("AWS::Logs::LogGroup"))
    functions = assembly.resources("AWS::Lambda::Function")
    assert functions
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
    without = [
        place for place, queue in queues.items() if "RedrivePolicy" not in queue["Properties"] and place not in targets
    ]
    assert not without, f"neither have a DLQ nor are one: {', '.join(without)}"
    assert bool(targets) is bool(queues)


def test_every_alarm_tells_someone(config: SystemConfig, assembly: Assembly) -> None:
    alarms = assembly.resources("AWS::CloudWatch::Alarm")
    assert bool(alarms) is isinstance(config.monitoring, MonitoringConfig)
    for place, alarm in alarms.items():
        assert alarm["Properties"]["AlarmActions"], place
        assert alarm["Properties"]["AlarmDescription"], place


def test_only_the_load_balancer_is_open_to_the_world(assembly: Assembly) -> None:
    for place, group in assembly.resources("AWS::EC2::SecurityGroup").items():
        for rule in group["Properties"].get("SecurityGroupIngress", []):
            if rule.get("CidrIp") == "0.0.0.0/0":
                assert "LoadBalancer" in place, f"{place}: {rule}"
                assert rule["FromPort"] == rule["ToPort"], f"{place}: {rule}"
                assert rule["FromPort"] in {80, 443}, f"{place}: {rule}"
    for place, rule in assembly.resources("AWS::EC2::SecurityGroupIngress").items():
        assert "CidrIp" not in rule["Properties"], place


def test_no_database_is_public(assembly: Assembly) -> None:
    for place, database in assembly.resources("AWS::RDS::DBInstance").items():
        assert database["Properties"]["PubliclyAccessible"] is False, place


def test_no_secret_stands_in_a_template(assembly: Assembly) -> None:
    """What a template holds, everyone can read who may look at the stack."""
    for stack, template in assembly.templates.items():
        for logical_id, resource in template["Resources"].items():
            text = json.dumps(resource)
            if resource["Type"] not in BY_REFERENCE:
                assert "{{resolve:secretsmanager" not in text, f"{stack}/{logical_id}"
            assert 'MasterUserPassword"' not in text.replace('ManageMasterUserPassword"', "") or (
                "{{resolve:secretsmanager" in text
            ), f"{stack}/{logical_id}"


def test_nothing_is_named_by_hand(assembly: Assembly) -> None:
    """A named resource cannot be replaced: the new one would need the name of the old."""
    for resource_type, name in PHYSICAL_NAMES.items():
        for place, resource in assembly.resources(resource_type).items():
            if name in resource.get("Properties", {}):
                assert resource_type in PREFIX_OF_AWS, place
                # Where AWS asks for a name, it ends in what no other stack's does.
                start, unique = resource["Properties"][name]["Fn::Join"][1]
                assert start.startswith(PREFIX_OF_AWS[resource_type]), place
                assert "AWS::StackId" in json.dumps(unique), place


def test_no_name_is_given_twice_in_an_account() -> None:
    """Systems and environments stand side by side in one account and region: AWS refuses the second of a name."""
    owners: dict[tuple[str, str], list[str]] = {}
    for names in all_environments():
        assembly = synthesize(*names)
        for resource_type, path in UNIQUE_NAMES.items():
            for place, resource in assembly.resources(resource_type).items():
                found = literal(resource.get("Properties", {}), path)
                if found is not None:
                    owners.setdefault((resource_type, found), []).append("/".join((*names, place)))
    assert {resource_type for resource_type, _ in owners} >= {
        "AWS::AmazonMQ::Broker",
        "AWS::Backup::BackupPlan",
        "AWS::Backup::BackupVault",
        "AWS::ECS::TaskDefinition",
    }
    assert {name: places for name, places in owners.items() if len(places) > 1} == {}


def literal(properties: dict[str, Any], path: tuple[str, ...]) -> str | None:
    """The text at a place in the properties; None where there is none, or CloudFormation makes it."""
    found: Any = properties
    for key in path:
        found = found.get(key, {})
    return found if isinstance(found, str) else None


def test_state_follows_the_lifecycle(config: SystemConfig, assembly: Assembly) -> None:
    allowed = {
        Lifecycle.DESTROY: {"Delete"},
        Lifecycle.SNAPSHOT: {"Snapshot", "Retain"},
        Lifecycle.RETAIN: {"Retain"},
    }[config.lifecycle]
    seen = set()
    for resource_type in STATEFUL:
        for place, resource in assembly.resources(resource_type).items():
            seen.add(resource_type)
            if "DBClusterIdentifier" in resource["Properties"]:
                # The cluster holds the data; its instances come and go.
                continue
            # What has a name that AWS asks for goes if its making fails, and stays from then on.
            assert resource["DeletionPolicy"].removesuffix("ExceptOnCreate") in allowed, place
            assert resource["UpdateReplacePolicy"] in allowed, place
    assert seen


def test_protected_stacks_cannot_be_deleted(config: SystemConfig, assembly: Assembly) -> None:
    for name, artifact in assembly.manifest["artifacts"].items():
        if artifact["type"] == "aws:cloudformation:stack":
            protected = artifact["properties"].get("terminationProtection", False)
            assert protected is (config.lifecycle is not Lifecycle.DESTROY), name


def test_everything_is_tagged(config: SystemConfig, assembly: Assembly) -> None:
    """Costs and owners are found by tags; what has none is nobody's."""
    expected = {
        "system": config.system,
        "environment": config.environment,
        "owner": config.owner,
        "cost-center": config.cost_center,
        **config.tags,
    }.items()
    for stack, template in assembly.templates.items():
        for logical_id, resource in template["Resources"].items():
            if f"{stack}/{logical_id}" in assembly.taggable:
                assert expected <= tags_of(resource).items(), f"{stack}/{logical_id}"
    assert len(assembly.taggable) > 30


def tags_of(resource: dict[str, Any]) -> dict[str, str]:
    """Tags of a resource, which CloudFormation writes as a list or as a map, under one of two names."""
    properties = resource.get("Properties", {})
    tags = properties.get("Tags") or properties.get("BackupVaultTags") or properties.get("BackupPlanTags") or {}
    return tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}


def test_every_stack_tells_what_a_person_needs(assembly: Assembly) -> None:
    for stack, template in assembly.templates.items():
        outputs = {name: output for name, output in template.get("Outputs", {}).items() if not_of_the_cdk(name)}
        assert outputs, stack
        for name, output in outputs.items():
            assert output["Description"], f"{stack}/{name}"


def not_of_the_cdk(name: str) -> bool:
    return not name.startswith("PublishOutput")
