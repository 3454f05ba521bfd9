"""ecommerce is what requirements 106 to 115 ask for."""

import pytest

from constructs_lib.providers import LOCAL
from stacks.compose import build_app, new_app
from tests.support.synth import Assembly, cdk_context, configuration, synthesize
from tests.systems.templates import count, only, rules, services, subnets

NAMES = ("user", "product", "order", "payment", "notification", "search", "inventory")


@pytest.fixture(params=["dev", "prod"])
def assembly(request: pytest.FixtureRequest) -> Assembly:
    return synthesize("ecommerce", request.param)


def test_three_tiers_over_three_zones(assembly: Assembly) -> None:
    assert {tier: len(blocks) for tier, blocks in subnets(assembly).items()} == {
        "Public": 3,
        "Private": 3,
        "Isolated": 3,
    }


def test_every_service_owns_a_database(assembly: Assembly) -> None:
    databases = [each["Properties"] for each in assembly.resources("AWS::RDS::DBInstance").values()]
    assert {database["DBName"] for database in databases} == {f"{name}service" for name in NAMES}
    assert all(database["StorageEncrypted"] for database in databases)
    assert all(database["ManageMasterUserPassword"] for database in databases), "a secret of its own for each"
    groups = [str(database["VPCSecurityGroups"]) for database in databases]
    assert len(set(groups)) == len(NAMES)


def test_no_service_reaches_another_ones_database(assembly: Assembly) -> None:
    """Each service's security group is let into one database, and each role reads one database's secret."""
    ways: dict[str, set[str]] = {}
    for rule in assembly.resources("AWS::EC2::SecurityGroupIngress", "Api").values():
        properties = rule["Properties"]
        if properties["FromPort"] == 5432:
            ways.setdefault(str(properties["GroupId"]), set()).add(str(properties["SourceSecurityGroupId"]))
    assert len(ways) == len(NAMES)
    assert all(len(sources) == 1 for sources in ways.values())
    assert len({source for sources in ways.values() for source in sources}) == len(NAMES)


def test_security_groups_are_exposed_as_a_map() -> None:
    """By name, each another one: what a rule of one's own is made from."""
    stacks = build_app(new_app(cdk_context()), configuration("ecommerce", "dev"), LOCAL)
    groups = stacks.security_groups
    assert set(groups) == {
        "load_balancer",
        *(f"service:{name}" for name in NAMES),
        *(f"database:{name}" for name in NAMES),
        "cache",
        "broker",
        "search",
    }
    assert len({group.node.path for group in groups.values()}) == len(groups)


@pytest.mark.parametrize("name", NAMES)
def test_a_service_is_told_of_its_own_database_only(name: str, assembly: Assembly) -> None:
    (task,) = (
        task["Properties"]["ContainerDefinitions"][0]
        for task in assembly.resources("AWS::ECS::TaskDefinition").values()
        if task["Properties"]["ContainerDefinitions"][0]["Command"][-1] == name
    )
    variables = {entry["Name"]: entry["Value"] for entry in task["Environment"]}
    assert variables["DATABASE_NAME"] == f"{name}service"
    others = [f"{other.capitalize()}Instance" for other in NAMES if other != name]
    assert [other for other in others if other in str(variables["DATABASE_HOST"])] == []


def test_seven_services_behind_one_load_balancer(assembly: Assembly) -> None:
    assert {name: service["port"] for name, service in services(assembly).items()} == {
        name: port for port, name in enumerate(NAMES, start=3001)
    }
    assert count(assembly, "AWS::ElasticLoadBalancingV2::LoadBalancer") == 1
    assert [priority for priority, _ in rules(assembly)] == list(range(1, 8))


def test_redis_keeps_sessions(assembly: Assembly) -> None:
    assert only(assembly, "AWS::ElastiCache::ReplicationGroup")["Engine"] == "redis"


def test_broker_is_private_and_of_a_version_that_can_be_made(assembly: Assembly) -> None:
    broker = only(assembly, "AWS::AmazonMQ::Broker")
    assert broker["PubliclyAccessible"] is False
    assert (broker["EngineVersion"], broker["HostInstanceType"].rpartition(".")[0]) == ("4.2", "mq.m7g")


def test_storage_and_search_are_there(assembly: Assembly) -> None:
    assert count(assembly, "AWS::S3::Bucket") == 1
    assert "VPCOptions" in only(assembly, "AWS::OpenSearchService::Domain")


def test_the_provider_decides_sizes_that_config_leaves_open() -> None:
    on_aws, on_this_machine = synthesize("ecommerce", "dev"), synthesize("ecommerce", "dev", "local")
    for assembly, size in ((on_aws, "t3.medium"), (on_this_machine, "t3.micro")):
        classes = {
            each["Properties"]["DBInstanceClass"] for each in assembly.resources("AWS::RDS::DBInstance").values()
        }
        assert classes == {f"db.{size}"}
        assert only(assembly, "AWS::ElastiCache::ReplicationGroup")["CacheNodeType"] == f"cache.{size}"
