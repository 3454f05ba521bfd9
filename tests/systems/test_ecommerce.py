"""ecommerce is what requirements 106 to 115 ask for."""

from typing import Any

import pytest

from constructs_lib.providers import LOCAL
from stacks.compose import build_app, new_app
from tests.support.synth import Assembly, cdk_context, configuration, synthesize
from tests.systems.placement import origin
from tests.systems.templates import count, only, referred, rules, scaling, services, subnet_ids, subnets

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
    """Each service's security group is let into one database."""
    ways: dict[str, set[str]] = {}
    for rule in assembly.resources("AWS::EC2::SecurityGroupIngress", "Api").values():
        properties = rule["Properties"]
        if properties["FromPort"] == 5432:
            ways.setdefault(str(properties["GroupId"]), set()).add(str(properties["SourceSecurityGroupId"]))
    assert len(ways) == len(NAMES)
    assert all(len(sources) == 1 for sources in ways.values())
    assert len({source for sources in ways.values() for source in sources}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_role_of_a_service_reads_the_secret_of_its_own_database_only(name: str, assembly: Assembly) -> None:
    """A way through the security groups is worth nothing without the password."""
    read = [
        secret
        for role in roles_of_tasks(name, assembly)
        for place, policy in assembly.resources("AWS::IAM::Policy", "Api").items()
        if {"Ref": role} in policy["Properties"]["Roles"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if any(action.startswith("secretsmanager:") for action in as_list(statement["Action"]))
        for secret in database_secrets(assembly, as_list(statement["Resource"]), place)
    ]
    assert read == [f"Database/{name.capitalize()}Users{name.capitalize()}"]


def roles_of_tasks(name: str, assembly: Assembly) -> list[str]:
    """The role of a service's program, and the one that starts its container."""
    (task,) = (
        task["Properties"]
        for task in assembly.resources("AWS::ECS::TaskDefinition", "Api").values()
        if task["Properties"]["ContainerDefinitions"][0]["Command"][-1] == name
    )
    return [task[kind]["Fn::GetAtt"][0] for kind in ("TaskRoleArn", "ExecutionRoleArn")]


def database_secrets(assembly: Assembly, resources: list[Any], place: str) -> list[str]:
    """The secrets of users of databases that are among the resources of a statement."""
    assert "*" not in str(resources), place
    found = [origin(assembly, "Api", each) for each in resources]
    return [secret for secret in found if secret.startswith("Database/")]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", NAMES)
def test_every_database_stands_in_the_isolated_subnets(name: str, assembly: Assembly) -> None:
    """Data that can reach the internet can leave by it."""
    (database,) = (
        each["Properties"]
        for each in assembly.resources("AWS::RDS::DBInstance").values()
        if each["Properties"]["DBName"] == f"{name}service"
    )
    group = assembly.templates["Database"]["Resources"][database["DBSubnetGroupName"]["Ref"]]
    isolated = subnet_ids(assembly)["Isolated"]
    assert referred(assembly, group["Properties"]["SubnetIds"]) == isolated
    assert len(isolated) == 3


def test_cache_and_search_stand_in_isolated_subnets_and_the_broker_in_private_ones(assembly: Assembly) -> None:
    tiers = subnet_ids(assembly)
    assert referred(assembly, only(assembly, "AWS::ElastiCache::SubnetGroup")["SubnetIds"]) == tiers["Isolated"]
    domain = only(assembly, "AWS::OpenSearchService::Domain")["VPCOptions"]["SubnetIds"]
    assert set(referred(assembly, domain)) <= set(tiers["Isolated"])
    assert set(referred(assembly, only(assembly, "AWS::AmazonMQ::Broker")["SubnetIds"])) <= set(tiers["Private"])


def test_isolated_subnets_lead_nowhere(assembly: Assembly) -> None:
    resources = assembly.templates["Network"]["Resources"]
    routed = {route["Properties"]["RouteTableId"]["Ref"] for route in assembly.resources("AWS::EC2::Route").values()}
    tables = {
        each["Properties"]["SubnetId"]["Ref"]: each["Properties"]["RouteTableId"]["Ref"]
        for each in resources.values()
        if each["Type"] == "AWS::EC2::SubnetRouteTableAssociation"
    }
    tiers = subnet_ids(assembly)
    assert {tables[subnet] for subnet in tiers["Isolated"]} & routed == set()
    assert {tables[subnet] for subnet in tiers["Private"]} <= routed


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
    assert sorted(path for _, paths in rules(assembly) for path in paths) == [
        "/inventory*",
        "/order-notifications*",
        "/orders*",
        "/payments*",
        "/products*",
        "/search*",
        "/sessions*",
        "/users*",
    ]


def test_prod_runs_two_tasks_of_each_service_and_up_to_six() -> None:
    assert scaling(synthesize("ecommerce", "prod")) == [(2, 6)] * len(NAMES)


def test_databases_have_a_standby_and_two_weeks_of_backups_in_prod() -> None:
    for environment, expected in (("dev", (False, 1)), ("prod", (True, 14))):
        databases = synthesize("ecommerce", environment).resources("AWS::RDS::DBInstance").values()
        assert len(databases) == len(NAMES)
        for database in databases:
            found = database["Properties"]
            assert (found["MultiAZ"], found["BackupRetentionPeriod"]) == expected


def test_redis_keeps_sessions(assembly: Assembly) -> None:
    assert only(assembly, "AWS::ElastiCache::ReplicationGroup")["Engine"] == "redis"


def test_broker_is_private_and_of_a_version_that_can_be_made(assembly: Assembly) -> None:
    broker = only(assembly, "AWS::AmazonMQ::Broker")
    assert broker["PubliclyAccessible"] is False
    assert (broker["EngineVersion"], broker["HostInstanceType"].rpartition(".")[0]) == ("4.2", "mq.m7g")


def test_a_single_broker_in_dev_a_cluster_in_prod() -> None:
    for environment, expected in (("dev", ("SINGLE_INSTANCE", 1)), ("prod", ("CLUSTER_MULTI_AZ", 3))):
        broker = only(synthesize("ecommerce", environment), "AWS::AmazonMQ::Broker")
        assert (broker["DeploymentMode"], len(broker["SubnetIds"])) == expected


def test_cache_has_a_node_to_fail_over_to_in_prod() -> None:
    for environment, nodes in (("dev", 1), ("prod", 2)):
        cache = only(synthesize("ecommerce", environment), "AWS::ElastiCache::ReplicationGroup")
        assert cache["NumCacheClusters"] == nodes
        assert cache["AutomaticFailoverEnabled"] is cache["MultiAZEnabled"] is (nodes > 1)


def test_search_has_a_node_in_each_of_three_zones_in_prod() -> None:
    for environment, nodes in (("dev", 1), ("prod", 3)):
        domain = only(synthesize("ecommerce", environment), "AWS::OpenSearchService::Domain")
        assert domain["ClusterConfig"]["InstanceCount"] == len(domain["VPCOptions"]["SubnetIds"]) == nodes
        assert domain["ClusterConfig"]["ZoneAwarenessEnabled"] is (nodes > 1)


def test_storage_and_search_are_there(assembly: Assembly) -> None:
    (bucket,) = (place for place in assembly.resources("AWS::S3::Bucket") if "LoadBalancerAccessLogs" not in place)
    assert bucket.startswith("Storage/Media")
    assert "VPCOptions" in only(assembly, "AWS::OpenSearchService::Domain")


def test_the_provider_decides_sizes_that_config_leaves_open() -> None:
    on_aws, on_this_machine = synthesize("ecommerce", "dev"), synthesize("ecommerce", "dev", "local")
    for assembly, size in ((on_aws, "t3.medium"), (on_this_machine, "t3.micro")):
        classes = {
            each["Properties"]["DBInstanceClass"] for each in assembly.resources("AWS::RDS::DBInstance").values()
        }
        assert classes == {f"db.{size}"}
        assert only(assembly, "AWS::ElastiCache::ReplicationGroup")["CacheNodeType"] == f"cache.{size}"
