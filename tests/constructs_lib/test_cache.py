"""Decisions of the cache."""

from collections.abc import Mapping
from typing import Any

import pytest
from aws_cdk import assertions

from config.model import CacheConfig, Lifecycle
from constructs_lib.cache import CacheCluster
from constructs_lib.providers import AWS, LOCAL, Provider
from tests.support.given import template_of, topic, vpc


def cache(
    lifecycle: Lifecycle = Lifecycle.DESTROY, *, provider: Provider = LOCAL, alarms: bool = False, **given: Any
) -> assertions.Template:
    return template_of(
        lambda stack: CacheCluster(
            stack,
            "Cache",
            vpc=vpc(stack),
            config=CacheConfig(**given),
            lifecycle=lifecycle,
            provider=provider,
            alarm_topic=topic(stack) if alarms else None,
        )
    )


def group(template: assertions.Template) -> Mapping[str, Any]:
    (found,) = template.find_resources("AWS::ElastiCache::ReplicationGroup").values()
    return found


def properties(template: assertions.Template) -> Mapping[str, Any]:
    found: Mapping[str, Any] = group(template)["Properties"]
    return found


@pytest.mark.parametrize("nodes", [1, 3])
def test_encrypted_and_behind_a_token_however_many_nodes(nodes: int) -> None:
    """A cache cluster can neither encrypt nor ask for a token, so that a single node is a group too."""
    template = cache(nodes=nodes)
    found = properties(template)
    assert (found["TransitEncryptionEnabled"], found["AtRestEncryptionEnabled"]) == (True, True)
    assert found["NumCacheClusters"] == nodes
    template.resource_count_is("AWS::ElastiCache::CacheCluster", 0)


def test_the_token_stands_in_no_template() -> None:
    template = cache()
    (secret,) = template.find_resources("AWS::SecretsManager::Secret")
    token = properties(template)["AuthToken"]["Fn::Join"][1]
    assert token == ["{{resolve:secretsmanager:", {"Ref": secret}, ":SecretString:::}}"]


def test_the_token_has_only_characters_that_elasticache_takes() -> None:
    """It refuses most punctuation, at deployment, and only where the random token happens to have some."""
    (secret,) = cache().find_resources("AWS::SecretsManager::Secret").values()
    made = secret["Properties"]["GenerateSecretString"]
    assert (made["ExcludePunctuation"], made["IncludeSpace"]) == (True, False)
    assert 16 <= made["PasswordLength"] <= 128


@pytest.mark.parametrize(("nodes", "several"), [(1, False), (2, True)])
def test_a_replica_in_another_zone_takes_over(nodes: int, several: bool) -> None:
    """AWS refuses failover for a single node."""
    found = properties(cache(nodes=nodes))
    assert (found["AutomaticFailoverEnabled"], found["MultiAZEnabled"]) == (several, several)


@pytest.mark.parametrize(
    ("engine", "version", "family"),
    [
        ("valkey", "8.1", "valkey8"),
        ("valkey", "7.2", "valkey7"),
        ("redis", "7.1", "redis7"),
        ("redis", "6.2", "redis6.x"),
    ],
)
def test_engine_version_and_parameters_fit_together(engine: str, version: str, family: str) -> None:
    template = cache(engine=engine, engine_version=version)
    found = properties(template)
    assert (found["Engine"], found["EngineVersion"]) == (engine, version)
    ((name, parameters),) = template.find_resources("AWS::ElastiCache::ParameterGroup").items()
    assert parameters["Properties"]["CacheParameterGroupFamily"] == family
    assert found["CacheParameterGroupName"] == {"Ref": name}


def test_what_does_not_expire_is_never_evicted() -> None:
    """A lock's counter that vanishes would let an old holder pass for the present one."""
    (parameters,) = cache().find_resources("AWS::ElastiCache::ParameterGroup").values()
    assert parameters["Properties"]["Properties"] == {"maxmemory-policy": "volatile-lru"}


@pytest.mark.parametrize(
    ("provider", "configured", "expected"),
    [
        (AWS, None, "cache.t3.medium"),
        (LOCAL, None, "cache.t3.micro"),
        (AWS, "cache.m7g.large", "cache.m7g.large"),
    ],
)
def test_the_provider_chooses_the_node_type_where_the_configuration_does_not(
    provider: Provider, configured: str | None, expected: str
) -> None:
    assert properties(cache(provider=provider, node_type=configured))["CacheNodeType"] == expected


def test_it_stands_with_the_data_and_nobody_gets_in_unasked() -> None:
    template = cache()
    (subnets,) = template.find_resources("AWS::ElastiCache::SubnetGroup").values()
    assert all("Isolated" in str(subnet) for subnet in subnets["Properties"]["SubnetIds"])
    (security_group,) = template.find_resources("AWS::EC2::SecurityGroup").values()
    assert "SecurityGroupIngress" not in security_group["Properties"]
    assert properties(template)["Port"] == 6379


@pytest.mark.parametrize(
    ("lifecycle", "policy", "token_policy"),
    [
        (Lifecycle.DESTROY, "Delete", "Delete"),
        (Lifecycle.SNAPSHOT, "Snapshot", "Retain"),
        (Lifecycle.RETAIN, "Retain", "Retain"),
    ],
)
def test_lifecycle_decides_what_becomes_of_it(lifecycle: Lifecycle, policy: str, token_policy: str) -> None:
    """A cache that stays is of no use to anybody without its token."""
    template = cache(lifecycle)
    assert group(template)["DeletionPolicy"] == group(template)["UpdateReplacePolicy"] == policy
    (secret,) = template.find_resources("AWS::SecretsManager::Secret").values()
    assert secret["DeletionPolicy"] == token_policy


def test_snapshots_are_kept_as_long_as_configured() -> None:
    assert properties(cache())["SnapshotRetentionLimit"] == 0
    assert properties(cache(snapshot_retention_days=5))["SnapshotRetentionLimit"] == 5


def test_someone_is_told_when_a_single_node_fills_up() -> None:
    (alarm,) = cache(alarms=True).find_resources("AWS::CloudWatch::Alarm").values()
    found = alarm["Properties"]
    assert (found["MetricName"], found["Threshold"]) == ("DatabaseMemoryUsagePercentage", 80)
    (dimension,) = found["Dimensions"]
    assert dimension["Name"] == "CacheClusterId"
    assert dimension["Value"]["Fn::Join"][1][1] == "-001"


def test_someone_is_told_when_any_of_several_nodes_fills_up() -> None:
    """One alarm speaks of all of them: the average of a full and an empty node is a half."""
    (alarm,) = cache(alarms=True, nodes=2).find_resources("AWS::CloudWatch::Alarm").values()
    metrics = alarm["Properties"]["Metrics"]
    (expression,) = (metric["Expression"] for metric in metrics if "Expression" in metric)
    assert expression == "MAX([node1, node2])"
    watched = [metric["MetricStat"]["Metric"] for metric in metrics if "MetricStat" in metric]
    suffixes = {metric["Dimensions"][0]["Value"]["Fn::Join"][1][1] for metric in watched}
    assert suffixes == {"-001", "-002"}


def test_without_a_topic_there_is_no_alarm() -> None:
    cache().resource_count_is("AWS::CloudWatch::Alarm", 0)
