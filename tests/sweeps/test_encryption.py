"""Whatever can be encrypted is, in every system and environment, with customer keys and without."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from assembly.changes.schemas import properties_of
from config.model import SystemConfig
from tests.support.changed import changed
from tests.support.synth import (
    REGION,
    Assembly,
    Resource,
    all_environments,
    configuration,
    synthesize,
    synthesize_config,
)

Properties = dict[str, Any]
Check = Callable[[Properties], bool]


def _is_encrypted_bucket(properties: Properties) -> bool:
    rules = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    algorithms = {rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in rules}
    return algorithms in ({"aws:kms"}, {"AES256"})


AT_REST: Mapping[str, Check] = {
    "AWS::EC2::Instance": lambda it: all(disk["Ebs"]["Encrypted"] is True for disk in it["BlockDeviceMappings"]),
    "AWS::ElastiCache::ReplicationGroup": lambda it: it["AtRestEncryptionEnabled"] is True,
    "AWS::OpenSearchService::Domain": lambda it: it["EncryptionAtRestOptions"]["Enabled"] is True,
    "AWS::RDS::DBCluster": lambda it: it["StorageEncrypted"] is True,
    # An instance of a cluster is encrypted with it.
    "AWS::RDS::DBInstance": lambda it: it.get("StorageEncrypted") is True or "DBClusterIdentifier" in it,
    "AWS::S3::Bucket": _is_encrypted_bucket,
    "AWS::SNS::Topic": lambda it: "KmsMasterKeyId" in it,
    "AWS::SQS::Queue": lambda it: it.get("SqsManagedSseEnabled") is True or "KmsMasterKeyId" in it,
}
"""Types that are not encrypted by themselves, each with what says that they are."""

IN_TRANSIT: Mapping[str, Check] = {
    "AWS::ElastiCache::ReplicationGroup": lambda it: it["TransitEncryptionEnabled"] is True,
    "AWS::OpenSearchService::Domain": lambda it: (
        it["NodeToNodeEncryptionOptions"]["Enabled"] is True and it["DomainEndpointOptions"]["EnforceHTTPS"] is True
    ),
}
"""Types that speak without encryption unless they are told; that a database refuses it, its parameters say."""

CUSTOMER_KEY: Mapping[str, tuple[str, ...]] = {
    "AWS::APS::Workspace": ("KmsKeyArn",),
    "AWS::Backup::BackupVault": ("EncryptionKeyArn",),
    "AWS::ElastiCache::ReplicationGroup": ("KmsKeyId",),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::OpenSearchService::Domain": ("EncryptionAtRestOptions", "KmsKeyId"),
    "AWS::RDS::DBCluster": ("KmsKeyId",),
    "AWS::RDS::DBInstance": ("KmsKeyId",),
    "AWS::S3::Bucket": ("BucketEncryption",),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
    "AWS::SecretsManager::Secret": ("KmsKeyId",),
}
"""Types that take a customer key, each with the path to it."""

BY_AWS: Mapping[str, str] = {
    "AWS::AmazonMQ::Broker": "encrypted always; RabbitMQ takes no customer key",
    "AWS::ECS::Cluster": "a task's own storage is encrypted by Fargate, and goes with the task",
    "AWS::EC2::VPC": "encrypts nothing by itself: what passes through it is TLS from end to end",
    "AWS::Lambda::EventSourceMapping": "its filters; it has none",
    "AWS::Lambda::Function": "its variables are encrypted always, and hold no secret",
    "AWS::Scheduler::Schedule": "its input is encrypted always; it has none",
    "AWS::IAM::OIDCProvider": "holds no data",
}
"""Types with a property about keys or encryption that are left to AWS's own keys, and why."""

# Whose logs are written to buckets under S3's own key: load balancers know no other.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
LOG_WRITERS = ("logdelivery.elasticloadbalancing.amazonaws.com", "delivery.logs.amazonaws.com")


@pytest.fixture(params=all_environments(), ids="/".join)
def assembly(request: pytest.FixtureRequest) -> Assembly:
    return synthesize(*request.param)


def resources(assembly: Assembly) -> list[tuple[str, Resource]]:
    return [
        (f"{stack}/{logical_id}", resource)
        for stack, template in assembly.templates.items()
        for logical_id, resource in template["Resources"].items()
    ]


def test_everything_is_encrypted(assembly: Assembly) -> None:
    for place, resource in resources(assembly):
        for checks in (AT_REST, IN_TRANSIT):
            check = checks.get(resource["Type"])
            assert check is None or check(resource["Properties"]), place


def test_every_type_that_speaks_of_encryption_is_known(assembly: Assembly) -> None:
    """A new type with such a property belongs in one of the tables, before it keeps something in the open."""
    known = {*AT_REST, *IN_TRANSIT, *CUSTOMER_KEY, *BY_AWS}
    unknown = {
        resource["Type"]: place
        for place, resource in resources(assembly)
        if resource["Type"] not in known and _speaks_of_encryption(resource["Type"])
    }
    assert unknown == {}


def _speaks_of_encryption(resource_type: str) -> bool:
    names = {name.lower() for name in properties_of(resource_type, REGION)}
    return any("kms" in name or "encrypt" in name for name in names)


def test_a_type_that_speaks_of_encryption_is_recognized() -> None:
    assert _speaks_of_encryption("AWS::EFS::FileSystem")
    assert _speaks_of_encryption("AWS::SQS::Queue")
    assert not _speaks_of_encryption("AWS::EC2::Subnet")


@pytest.mark.parametrize("environment", all_environments(), ids="/".join)
def test_with_customer_keys_each_stack_encrypts_by_its_own(environment: tuple[str, str]) -> None:
    """By a key of another stack, neither would be deployed without the other, and scanners would see none."""
    config: SystemConfig = changed(configuration(*environment), customer_keys=True)
    found = synthesize_config(config)
    seen = set()
    for place, resource in resources(found):
        path = CUSTOMER_KEY.get(resource["Type"])
        if path is None or "DBClusterIdentifier" in resource["Properties"] or _is_log_bucket(place, found):
            continue
        value: Any = resource["Properties"]
        for name in path:
            value = value[name]
        assert _key_of(place, value, found), f"{place}: {value}"
        seen.add(place.partition("/")[0])
    for place, database in (*found.resources("AWS::RDS::DBCluster").items(), *_instances(found)):
        if "MasterUserSecret" in database["Properties"]:
            assert _key_of(place, database["Properties"]["MasterUserSecret"]["KmsKeyId"], found), place
        elif database["Properties"].get("ManageMasterUserPassword"):
            pytest.fail(f"{place}: its password is under another key than its data")
        # What it keeps of statements is data too; one name is the cluster's, the other the instance's.
        for name in ("PerformanceInsightsEnabled", "EnablePerformanceInsights"):
            if database["Properties"].get(name):
                properties = database["Properties"]
                key = properties.get("PerformanceInsightsKmsKeyId", properties.get("PerformanceInsightsKMSKeyId"))
                assert _key_of(place, key, found), place
    keys = [place.partition("/")[0] for place in found.resources("AWS::KMS::Key")]
    assert sorted(keys) == sorted(seen)


def _instances(found: Assembly) -> list[tuple[str, Resource]]:
    return [
        (place, each)
        for place, each in found.resources("AWS::RDS::DBInstance").items()
        if "DBClusterIdentifier" not in each["Properties"]
    ]


def _is_log_bucket(place: str, found: Assembly) -> bool:
    stack, _, bucket = place.partition("/")
    policies = [json.dumps(each["Properties"]) for each in found.resources("AWS::S3::BucketPolicy", stack).values()]
    own = [policy for policy in policies if json.dumps({"Ref": bucket}) in policy]
    return any(writer in policy for policy in own for writer in LOG_WRITERS)


def _key_of(place: str, value: Any, found: Assembly) -> bool:
    """Whether a value names a key that stands in the same stack."""
    stack = place.partition("/")[0]
    return any(
        json.dumps({"Fn::GetAtt": [key.partition("/")[2], "Arn"]}) in json.dumps(value)
        or json.dumps({"Ref": key.partition("/")[2]}) in json.dumps(value)
        for key in found.resources("AWS::KMS::Key", stack)
    )


def test_every_key_rotates_and_lets_in_by_name_only() -> None:
    found = synthesize_config(changed(configuration("ecommerce", "prod"), customer_keys=True))
    keys = found.resources("AWS::KMS::Key")
    assert len(keys) > 5
    aliases = {json.dumps(alias["Properties"]["TargetKeyId"]) for alias in found.resources("AWS::KMS::Alias").values()}
    assert len(aliases) > 0
    for place, key in keys.items():
        assert key["Properties"]["EnableKeyRotation"] is True, place
        assert key["DeletionPolicy"] == ("Delete" if place.startswith("Alarms/") else "Retain"), place
        for statement in key["Properties"]["KeyPolicy"]["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not [action for action in actions if "*" in action], place
            uses = {"kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant"} & {*actions}
            # Who may use it at all, may do so for a named purpose only.
            assert not uses or statement["Condition"], place
