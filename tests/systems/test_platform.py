"""platform is what requirements 93 to 105 ask for."""

from typing import Any

import pytest

from assembly.recovery.figures import HOUR, MINUTE, Failure, Targets
from assembly.recovery.report import compute
from assembly.templates import read
from tests.support.synth import Assembly, synthesize
from tests.systems.placement import exits, origin, tiers
from tests.systems.templates import count, listeners, only, services, subnets


@pytest.fixture(scope="module")
def prod() -> Assembly:
    return synthesize("platform", "prod")


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_subnets_are_those_of_the_reference(environment: str) -> None:
    assert subnets(synthesize("platform", environment)) == {
        "Public": ["10.0.1.0/24", "10.0.2.0/24"],
        "Private": ["10.0.10.0/24", "10.0.20.0/24"],
        "Isolated": ["10.0.100.0/24", "10.0.110.0/24"],
    }


def test_a_nat_gateway_in_every_zone(prod: Assembly) -> None:
    assert count(prod, "AWS::EC2::NatGateway") == 2


def test_one_load_balancer_with_https_and_a_redirect(prod: Assembly) -> None:
    assert count(prod, "AWS::ElasticLoadBalancingV2::LoadBalancer") == 1
    assert set(listeners(prod)) == {80, 443}
    (redirect,) = listeners(prod)[80]["DefaultActions"]
    assert (redirect["Type"], redirect["RedirectConfig"]["Protocol"], redirect["RedirectConfig"]["Port"]) == (
        "redirect",
        "HTTPS",
        "443",
    )


def test_services_have_the_sizes_ports_and_counts_of_the_reference(prod: Assembly) -> None:
    rolling, one_after_the_other = (100, 200), (0, 100)
    assert services(prod) == {
        "api": {"tasks": 2, "size": (512, 1024), "port": 4000, "healthy percent": rolling},
        "worker": {"tasks": 5, "size": (256, 512), "port": 4001, "healthy percent": rolling},
        "scheduler": {"tasks": 1, "size": (256, 512), "port": 4002, "healthy percent": one_after_the_other},
        "notifier": {"tasks": 2, "size": (256, 512), "port": 4003, "healthy percent": rolling},
    }


def test_every_service_is_asked_for_its_health(prod: Assembly) -> None:
    groups = prod.resources("AWS::ElasticLoadBalancingV2::TargetGroup").values()
    assert len(groups) == 4
    assert {group["Properties"]["HealthCheckPath"] for group in groups} == {"/health"}


def test_nothing_scales_the_scheduler(prod: Assembly) -> None:
    targets = prod.resources("AWS::ApplicationAutoScaling::ScalableTarget")
    assert len(targets) == 3
    assert [place for place in targets if "Scheduler" in place] == []


def ports_into(assembly: Assembly, kind: str) -> set[int]:
    """Ports that rules outside the stack of a resource open into its security group."""
    found: set[int] = set()
    for place, rule in assembly.resources("AWS::EC2::SecurityGroupIngress").items():
        properties: dict[str, Any] = rule["Properties"]
        if kind in str(properties["GroupId"]):
            assert "SourceSecurityGroupId" in properties, place
            found.add(properties["FromPort"])
    return found


def test_security_groups_form_a_chain(prod: Assembly) -> None:
    """Internet, load balancer 443 and 80, services 4000 to 4003, PostgreSQL 5432 and the cache 6379: no short cut."""
    (balancer,) = (
        group["Properties"]["SecurityGroupIngress"]
        for place, group in prod.resources("AWS::EC2::SecurityGroup", "Api").items()
        if "LoadBalancer" in place
    )
    assert {(rule["CidrIp"], rule["FromPort"], rule["ToPort"]) for rule in balancer} == {
        ("0.0.0.0/0", 80, 80),
        ("0.0.0.0/0", 443, 443),
    }
    from_balancer = {
        rule["Properties"]["FromPort"]
        for rule in prod.resources("AWS::EC2::SecurityGroupIngress", "Api").values()
        if "LoadBalancer" in str(rule["Properties"].get("SourceSecurityGroupId"))
    }
    assert from_balancer == {4000, 4001, 4002, 4003}
    into_data = {
        rule["Properties"]["FromPort"]
        for rule in prod.resources("AWS::EC2::SecurityGroupIngress", "Api").values()
        if "LoadBalancer" not in str(rule["Properties"].get("SourceSecurityGroupId"))
    }
    assert into_data == {5432, 6379}


def test_database_is_of_the_references_class_with_a_standby(prod: Assembly) -> None:
    database = only(prod, "AWS::RDS::DBInstance")
    assert (database["DBInstanceClass"], database["MultiAZ"], database["Engine"]) == ("db.t3.medium", True, "postgres")


def test_cache_is_of_the_references_type_in_the_database_subnets(prod: Assembly) -> None:
    cache = only(prod, "AWS::ElastiCache::ReplicationGroup")
    assert (cache["CacheNodeType"], cache["Engine"], cache["NumCacheClusters"]) == ("cache.t3.micro", "redis", 1)
    assert "Isolated" in str(only(prod, "AWS::ElastiCache::SubnetGroup")["SubnetIds"])


def test_valkey_can_be_chosen() -> None:
    assert only(synthesize("platform", "dev"), "AWS::ElastiCache::ReplicationGroup")["Engine"] == "valkey"


def test_backups_are_daily_kept_thirty_days_to_any_point_in_time_and_copied(prod: Assembly) -> None:
    (rule,) = only(prod, "AWS::Backup::BackupPlan")["BackupPlan"]["BackupPlanRule"]
    assert rule["ScheduleExpression"] == "cron(0 3 * * ? *)"
    assert rule["EnableContinuousBackup"] is True
    assert rule["Lifecycle"]["DeleteAfterDays"] == 30
    (copy,) = rule["CopyActions"]
    assert "us-west-2" in str(copy["DestinationBackupVaultArn"])
    database = only(prod, "AWS::RDS::DBInstance")
    assert database["BackupRetentionPeriod"] == 30
    assert database["AutomaticBackupReplicationRegion"] == "us-west-2"


def test_nat_gateways_stand_in_zones_of_their_own(prod: Assembly) -> None:
    gateways = prod.resources("AWS::EC2::NatGateway").values()
    assert len({gateway["Properties"]["SubnetId"]["Ref"] for gateway in gateways}) == 2
    zones = {subnet["Properties"]["AvailabilityZone"]["Fn::Select"][0] for subnet in subnets_of(prod)}
    assert zones == {0, 1}
    assert exits(prod)["Private"] == ["NAT gateway"] * 2


def subnets_of(assembly: Assembly) -> list[dict[str, Any]]:
    return list(assembly.resources("AWS::EC2::Subnet").values())


def test_tasks_are_spread_over_the_zones(prod: Assembly) -> None:
    """And again after one was lost; but for the singleton, of which rebalancing would start a second one."""
    rebalanced = {}
    for place, service in prod.resources("AWS::ECS::Service").items():
        properties = service["Properties"]
        private = properties["NetworkConfiguration"]["AwsvpcConfiguration"]["Subnets"]
        assert tiers(prod, "Api", private) == {"Private"}
        assert len({str(subnet) for subnet in private}) == 2
        rebalanced["Scheduler" in place] = properties["AvailabilityZoneRebalancing"]
    assert rebalanced == {False: "ENABLED", True: "DISABLED"}


def test_the_database_stands_in_the_database_subnets(prod: Assembly) -> None:
    assert tiers(prod, "Database", only(prod, "AWS::RDS::DBSubnetGroup")["SubnetIds"]) == {"Isolated"}


def test_logs_metrics_secrets_and_images_are_those_of_aws(prod: Assembly) -> None:
    assert only(prod, "AWS::ECS::Cluster")["ClusterSettings"] == [{"Name": "containerInsights", "Value": "enabled"}]
    tasks = prod.resources("AWS::ECS::TaskDefinition").values()
    assert len(tasks) == 4
    for task in tasks:
        (container,) = task["Properties"]["ContainerDefinitions"]
        given = {entry["Name"]: entry["Value"] for entry in container["Environment"]}
        assert container["LogConfiguration"]["LogDriver"] == "awslogs"
        assert "cdk-hnb659fds-container-assets-" in str(container["Image"])
        user = container["Name"].capitalize()
        assert origin(prod, "Api", given["DATABASE_SECRET_ARN"]) == f"Database/PlanningUsers{user}"


def test_the_loss_of_zone_instance_or_rows_stays_within_an_hour_and_five_minutes(prod: Assembly) -> None:
    """The loss of a whole region does not: bringing up the stacks elsewhere takes longer, and that is told."""
    rows = [row for row in compute(read(prod.folder)) if row.kind.startswith("RDS")]
    assert {row.failure for row in rows} == set(Failure)
    missed = {row.failure for row in rows if not row.meets(Targets(rto_seconds=HOUR, rpo_seconds=5 * MINUTE))}
    assert missed == {Failure.REGION}
