"""Rules that hold for every resource of every system and environment, however it came about."""

import json
from typing import Any

import pytest

from config.model import Lifecycle, MonitoringConfig
from tests.support.synth import Assembly, all_environments, configuration, synthesize

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
# Actions that AWS knows for no narrower resource.
WITHOUT_RESOURCE = {
    "ecr:GetAuthorizationToken",
    "cloudwatch:GetMetricData",
    "ecs:DescribeTaskDefinition",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
}
# Those that a condition narrows instead: the key that must be in it.
BY_CONDITION = {"ecs:ListTasks": "ecs:cluster"}


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
        actions = set(as_list(statement["Action"]))
        keys = {key for condition in statement.get("Condition", {}).values() for key in condition}
        narrowed = {action for action in actions if BY_CONDITION.get(action) in keys}
        if not actions <= WITHOUT_RESOURCE | narrowed:
            assert "*" not in as_list(statement.get("Resource", [])), place


def test_every_log_group_ends_its_logs(environment: tuple[str, str], assembly: Assembly) -> None:
    for place, group in assembly.resources("AWS::Logs::LogGroup").items():
        assert group["Properties"]["RetentionInDays"] == configuration(*environment).log_retention_days, place


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
    assert bool(targets) is bool(queues)
    for place, queue in queues.items():
        assert "RedrivePolicy" in queue["Properties"] or place in targets, place


def test_every_alarm_tells_someone(environment: tuple[str, str], assembly: Assembly) -> None:
    alarms = assembly.resources("AWS::CloudWatch::Alarm")
    assert bool(alarms) is isinstance(configuration(*environment).monitoring, MonitoringConfig)
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
    for kind in ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance"):
        for place, database in assembly.resources(kind).items():
            # An instance of a cluster is encrypted with it.
            assert database["Properties"].get("StorageEncrypted", "DBClusterIdentifier" in database["Properties"]), (
                place
            )
    for place, cache in assembly.resources("AWS::ElastiCache::ReplicationGroup").items():
        assert cache["Properties"]["TransitEncryptionEnabled"] is True, place
        assert cache["Properties"]["AtRestEncryptionEnabled"] is True, place
    for place, domain in assembly.resources("AWS::OpenSearchService::Domain").items():
        assert domain["Properties"]["EncryptionAtRestOptions"]["Enabled"] is True, place
        assert domain["Properties"]["NodeToNodeEncryptionOptions"]["Enabled"] is True, place
        assert domain["Properties"]["DomainEndpointOptions"]["EnforceHTTPS"] is True, place
    for place, bucket in assembly.resources("AWS::S3::Bucket").items():
        assert "BucketEncryption" in bucket["Properties"], place
        assert all(bucket["Properties"]["PublicAccessBlockConfiguration"].values()), place
    for place, broker in assembly.resources("AWS::AmazonMQ::Broker").items():
        assert broker["Properties"]["PubliclyAccessible"] is False, place


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
            assert name not in resource.get("Properties", {}), place


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


def test_state_follows_the_lifecycle(environment: tuple[str, str], assembly: Assembly) -> None:
    it = configuration(*environment)
    allowed = {
        Lifecycle.DESTROY: {"Delete"},
        Lifecycle.SNAPSHOT: {"Snapshot", "Retain"},
        Lifecycle.RETAIN: {"Retain"},
    }[it.lifecycle]
    seen = set()
    for resource_type in STATEFUL:
        for place, resource in assembly.resources(resource_type).items():
            seen.add(resource_type)
            if "DBClusterIdentifier" in resource["Properties"]:
                # The cluster holds the data; its instances come and go.
                continue
            assert resource["DeletionPolicy"] in allowed, place
            assert resource["UpdateReplacePolicy"] in allowed, place
    assert seen


def test_protected_stacks_cannot_be_deleted(environment: tuple[str, str], assembly: Assembly) -> None:
    it = configuration(*environment)
    for name, artifact in assembly.manifest["artifacts"].items():
        if artifact["type"] == "aws:cloudformation:stack":
            protected = artifact["properties"].get("terminationProtection", False)
            assert protected is (it.lifecycle is not Lifecycle.DESTROY), name


def test_everything_is_tagged(environment: tuple[str, str], assembly: Assembly) -> None:
    """Costs and owners are found by tags; what has none is nobody's."""
    it = configuration(*environment)
    expected = {
        "system": it.system,
        "environment": it.environment,
        "owner": it.owner,
        "cost-center": it.cost_center,
        **it.tags,
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
