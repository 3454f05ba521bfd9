"""A replication group of ElastiCache is a real server under TLS, which its token opens and nothing else does."""

from collections.abc import Iterator
from typing import Any

import psutil
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.local.emulator.cloud import Cloud, DeploymentError, asked
from tests.support.eventually import eventually

STACK = "cache"
TOKEN = "sixteen-or-more-characters"
ONCE = Retry(NoBackoff(), 0)
GROUP = {
    "ReplicationGroupDescription": "sessions",
    "Engine": "valkey",
    "EngineVersion": "8.0",
    "CacheNodeType": "cache.t4g.micro",
    "NumCacheClusters": 2,
    "AutomaticFailoverEnabled": True,
    "MultiAZEnabled": True,
    "TransitEncryptionEnabled": True,
    "AtRestEncryptionEnabled": True,
    "SnapshotRetentionLimit": 1,
    "AuthToken": TOKEN,
    "CacheParameterGroupName": {"Ref": "Parameters"},
}
OUTPUTS = {
    "Host": {"Fn::GetAtt": ["Group", "PrimaryEndPoint.Address"]},
    "Port": {"Fn::GetAtt": ["Group", "PrimaryEndPoint.Port"]},
    "ReaderPort": {"Fn::GetAtt": ["Group", "ReaderEndPoint.Port"]},
    "Id": {"Ref": "Group"},
}


def resources(*, policy: str = "noeviction", **changes: Any) -> dict[str, Any]:
    parameters = {
        "CacheParameterGroupFamily": "valkey8",
        "Description": "no eviction",
        "Properties": {"maxmemory-policy": policy},
    }
    return {
        "Parameters": {"Type": "AWS::ElastiCache::ParameterGroup", "Properties": parameters},
        "Group": {"Type": "AWS::ElastiCache::ReplicationGroup", "Properties": {**GROUP, **changes}},
    }


@pytest.fixture(scope="module")
def deployed(cloud: Cloud) -> Iterator[dict[str, str]]:
    yield cloud.deploy(STACK, resources(), OUTPUTS)
    cloud.delete(STACK)


def client(cloud: Cloud, deployed: dict[str, str], token: str | None = TOKEN) -> redis.Redis:
    return redis.Redis(
        host=deployed["Host"],
        port=int(deployed["Port"]),
        password=token,
        ssl=True,
        ssl_ca_certs=cloud.trust,
        retry=ONCE,
        socket_timeout=5,
        decode_responses=True,
    )


def may_connect(cloud: Cloud, deployed: dict[str, str], token: str | None) -> bool:
    try:
        return bool(client(cloud, deployed, token).ping())
    except redis.AuthenticationError:
        return False


def server_process(cloud: Cloud, deployed: dict[str, str]) -> psutil.Process:
    folder = str(cloud.data / "servers" / "elasticache" / deployed["Id"])
    return next(child for child, place in asked(cloud.children(), psutil.Process.cwd) if place == folder)


def described(cloud: Cloud, deployed: dict[str, str]) -> dict[str, Any]:
    elasticache = cloud.client("elasticache")
    group: dict[str, Any] = elasticache.describe_replication_groups(ReplicationGroupId=deployed["Id"])[
        "ReplicationGroups"
    ][0]
    return group


def test_the_token_opens_a_real_server_under_tls_and_nothing_else_does(cloud: Cloud, deployed: dict[str, str]) -> None:
    connection = client(cloud, deployed)
    assert connection.set("greeting", "hello", ex=60)
    assert connection.get("greeting") == "hello"
    for wrong in (None, "another-one-of-sixteen"):
        assert not may_connect(cloud, deployed, wrong)
    plain = redis.Redis(host=deployed["Host"], port=int(deployed["Port"]), password=TOKEN, socket_timeout=5, retry=ONCE)
    with pytest.raises(redis.ConnectionError):
        plain.ping()


def test_the_server_listens_on_the_loopback_address_only(cloud: Cloud, deployed: dict[str, str]) -> None:
    listening = [each.laddr for each in server_process(cloud, deployed).net_connections() if each.status == "LISTEN"]
    assert [(each.ip, str(each.port)) for each in listening] == [("127.0.0.1", deployed["Port"])]


def test_what_elasticache_keeps_to_itself_is_refused(cloud: Cloud, deployed: dict[str, str]) -> None:
    connection = client(cloud, deployed)
    for command in (connection.config_get, connection.bgsave, connection.shutdown, connection.acl_save):
        with pytest.raises(redis.exceptions.NoPermissionError):
            command()


def test_the_api_reports_where_the_server_listens(cloud: Cloud, deployed: dict[str, str]) -> None:
    group = described(cloud, deployed)
    assert (group["AuthTokenEnabled"], group["TransitEncryptionEnabled"], group["MultiAZ"]) == (True, True, "enabled")
    nodes = group["NodeGroups"][0]
    assert nodes["PrimaryEndpoint"] == {"Address": deployed["Host"], "Port": int(deployed["Port"])}
    assert deployed["ReaderPort"] == deployed["Port"]
    names = [member["CacheClusterId"] for member in nodes["NodeGroupMembers"]]
    assert names == group["MemberClusters"] == [f"{deployed['Id']}-001", f"{deployed['Id']}-002"]


def test_parameters_of_the_group_take_effect(cloud: Cloud, deployed: dict[str, str]) -> None:
    assert client(cloud, deployed).info("memory")["maxmemory_policy"] == "noeviction"
    assert cloud.deploy(STACK, resources(policy="allkeys-lru"), OUTPUTS) == deployed
    assert client(cloud, deployed).info("memory")["maxmemory_policy"] == "allkeys-lru"
    cloud.deploy(STACK, resources(), OUTPUTS)


def test_a_server_that_ends_is_replaced_by_an_empty_one(cloud: Cloud, deployed: dict[str, str]) -> None:
    client(cloud, deployed).set("kept", "no")
    process = server_process(cloud, deployed)
    process.kill()

    def replaced() -> bool:
        try:
            return client(cloud, deployed).get("kept") is None
        except redis.ConnectionError:
            return False

    eventually(replaced)
    assert server_process(cloud, deployed).pid != process.pid
    assert client(cloud, deployed).info("memory")["maxmemory_policy"] == "noeviction"


def test_a_new_token_and_another_node_keep_the_server(cloud: Cloud, deployed: dict[str, str]) -> None:
    client(cloud, deployed).set("survives", "yes")
    rotated = "another-token-of-enough-characters"
    assert cloud.deploy(STACK, resources(AuthToken=rotated, NumCacheClusters=3), OUTPUTS) == deployed
    assert client(cloud, deployed, rotated).get("survives") == "yes"
    # As on AWS, the former token opens it until the one after next.
    assert may_connect(cloud, deployed, TOKEN)
    members = described(cloud, deployed)["MemberClusters"]
    assert members == [f"{deployed['Id']}-00{number}" for number in (1, 2, 3)]
    for member in members:
        clusters = cloud.client("elasticache").describe_cache_clusters(CacheClusterId=member, ShowCacheNodeInfo=True)
        assert str(clusters["CacheClusters"][0]["CacheNodes"][0]["Endpoint"]["Port"]) == deployed["Port"]
    cloud.client("elasticache").modify_replication_group(
        ReplicationGroupId=deployed["Id"], AuthToken=TOKEN, AuthTokenUpdateStrategy="SET", ApplyImmediately=True
    )
    assert may_connect(cloud, deployed, TOKEN)
    assert not may_connect(cloud, deployed, rotated)


def test_a_group_loses_its_server_with_its_stack(cloud: Cloud) -> None:
    group = {"ReplicationGroupDescription": "short-lived", "Engine": "redis", "CacheNodeType": "cache.t4g.micro"}
    template = {"Group": {"Type": "AWS::ElastiCache::ReplicationGroup", "Properties": group}}
    outputs = cloud.deploy("short-lived", template, OUTPUTS)
    connection = redis.Redis(host=outputs["Host"], port=int(outputs["Port"]), socket_timeout=5, retry=ONCE)
    assert connection.ping()
    connection.close()
    folder = cloud.data / "servers" / "elasticache" / outputs["Id"]
    assert folder.is_dir()
    cloud.delete("short-lived")
    assert not folder.exists()
    with pytest.raises(redis.ConnectionError):
        connection.ping()


def test_a_cluster_by_itself_has_a_server_and_loses_it_with_its_stack(cloud: Cloud) -> None:
    cluster = {"Engine": "redis", "CacheNodeType": "cache.t4g.micro", "NumCacheNodes": 1}
    template = {"Cluster": {"Type": "AWS::ElastiCache::CacheCluster", "Properties": cluster}}
    endpoint = {name: {"Fn::GetAtt": ["Cluster", f"RedisEndpoint.{name}"]} for name in ("Address", "Port")}
    outputs = cloud.deploy("stand-alone", template, endpoint)
    connection = redis.Redis(host=outputs["Address"], port=int(outputs["Port"]), socket_timeout=5, retry=ONCE)
    assert connection.ping()
    cloud.delete("stand-alone")
    with pytest.raises(redis.ConnectionError):
        connection.ping()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"AuthToken": "too-short"}, "AuthToken must have 16 to 128 characters"),
        ({"AuthToken": "with/a/slash/and@an-at"}, "AuthToken must have 16 to 128 characters"),
        ({"NumNodeGroups": 3, "ReplicasPerNodeGroup": 1}, "several shards"),
        ({"UserGroupIds": ["people"]}, "UserGroupIds is not emulated; use AuthToken"),
        ({"Engine": "memcached"}, "engine 'memcached' is not emulated; allowed: redis, valkey"),
    ],
)
def test_what_cannot_be_had_is_refused(cloud: Cloud, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(DeploymentError, match=reason):
        cloud.deploy("refused-cache", resources(**changes))
    cloud.delete("refused-cache")
