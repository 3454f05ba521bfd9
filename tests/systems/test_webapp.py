"""webapp is what requirements 83 to 92 ask for."""

from typing import Any

import pytest

from tests.support.synth import Assembly, synthesize
from tests.systems.placement import ANYONE, exits, statements_of, tiers, ways
from tests.systems.templates import (
    alarms,
    count,
    listeners,
    only,
    referred,
    rules,
    scaling,
    services,
    subnet_ids,
    subnets,
)


@pytest.fixture(params=["dev", "prod"])
def assembly(request: pytest.FixtureRequest) -> Assembly:
    return synthesize("webapp", request.param)


def test_vpc_resolves_names_and_has_two_tiers(assembly: Assembly) -> None:
    vpc = only(assembly, "AWS::EC2::VPC")
    assert (vpc["EnableDnsHostnames"], vpc["EnableDnsSupport"]) == (True, True)
    assert {tier: len(blocks) for tier, blocks in subnets(assembly).items()} == {"Public": 2, "Private": 2}
    assert count(assembly, "AWS::EC2::InternetGateway") == 1
    assert count(assembly, "AWS::EC2::NatGateway") == 1


def test_prod_takes_the_regional_nat_gateway() -> None:
    assert only(synthesize("webapp", "prod"), "AWS::EC2::NatGateway")["AvailabilityMode"] == "regional"


def test_http_listener_has_rules_and_answers_probes_itself(assembly: Assembly) -> None:
    assert set(listeners(assembly)) == {80}
    (default,) = listeners(assembly)[80]["DefaultActions"]
    assert default["Type"] == "fixed-response"
    assert default["FixedResponseConfig"] == {"ContentType": "text/plain", "MessageBody": "OK", "StatusCode": "200"}
    assert [paths for _, paths in rules(assembly)] == [("/pages*", "/health")]


def test_database_stands_in_the_private_subnets_with_parameters_of_its_own(assembly: Assembly) -> None:
    database = only(assembly, "AWS::RDS::DBInstance")
    assert database["PubliclyAccessible"] is False
    assert count(assembly, "AWS::RDS::DBParameterGroup") == 1
    private = subnet_ids(assembly)["Private"]
    assert referred(assembly, only(assembly, "AWS::RDS::DBSubnetGroup")["SubnetIds"]) == private
    assert len(private) == 2


def test_prod_runs_two_tasks_and_up_to_six() -> None:
    """The loss of a zone leaves one of them."""
    dev, prod = synthesize("webapp", "dev"), synthesize("webapp", "prod")
    assert (services(dev)["web"]["tasks"], scaling(dev)) == (1, [(1, 2)])
    assert (services(prod)["web"]["tasks"], scaling(prod)) == (2, [(2, 6)])


def test_prod_scales_by_processor_memory_and_requests() -> None:
    policies = synthesize("webapp", "prod").resources("AWS::ApplicationAutoScaling::ScalingPolicy").values()
    assert sorted(
        policy["Properties"]["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"][
            "PredefinedMetricType"
        ]
        for policy in policies
    ) == ["ALBRequestCountPerTarget", "ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization"]


def test_database_has_a_standby_and_thirty_days_of_backups_in_prod() -> None:
    for environment, standby in (("dev", False), ("prod", True)):
        database = only(synthesize("webapp", environment), "AWS::RDS::DBInstance")
        assert (database["MultiAZ"], database["BackupRetentionPeriod"]) == (standby, 30)


def test_alarms_in_prod() -> None:
    stacks = {place.partition("/")[0] for place in alarms(synthesize("webapp", "prod"))}
    assert stacks == {"Api", "Backup", "Database"}


def test_backups_are_daily_and_kept_thirty_days(assembly: Assembly) -> None:
    (rule,) = only(assembly, "AWS::Backup::BackupPlan")["BackupPlan"]["BackupPlanRule"]
    assert rule["EnableContinuousBackup"] is True
    assert rule["Lifecycle"]["DeleteAfterDays"] == 30


def test_prometheus_keeps_metrics_itself_in_dev_and_in_a_workspace_in_prod() -> None:
    dev, prod = synthesize("webapp", "dev"), synthesize("webapp", "prod")
    assert "prometheus" in services(dev)
    assert "prometheus" in services(prod)
    assert (count(dev, "AWS::APS::Workspace"), count(prod, "AWS::APS::Workspace")) == (0, 1)


def test_a_bucket_and_a_scheduled_function_for_backups(assembly: Assembly) -> None:
    (rule,) = assembly.only("AWS::S3::Bucket", "Storage")["LifecycleConfiguration"]["Rules"][:1]
    assert rule["Status"] == "Enabled"
    functions = assembly.resources("AWS::Lambda::Function", "Backup").values()
    named = [each["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] for each in functions]
    assert named == ["backups"]
    schedules = {**assembly.resources("AWS::Scheduler::Schedule"), **assembly.resources("AWS::Events::Rule", "Backup")}
    assert [each["Properties"]["ScheduleExpression"] for each in schedules.values()] == ["cron(0 2 * * ? *)"]


def test_every_tier_spreads_over_two_zones_and_finds_its_way_out(assembly: Assembly) -> None:
    zones = {subnet["Properties"]["AvailabilityZone"]["Fn::Select"][0] for subnet in of_all(assembly, "Subnet")}
    assert zones == {0, 1}
    assert exits(assembly) == {"Public": ["internet gateway"] * 2, "Private": ["NAT gateway"] * 2}
    assert len(of_all(assembly, "RouteTable")) == 4


def of_all(assembly: Assembly, kind: str) -> list[dict[str, Any]]:
    return list(assembly.resources(f"AWS::EC2::{kind}", "Network").values())


def test_load_balancer_is_public_and_the_service_private(assembly: Assembly) -> None:
    balancer = only(assembly, "AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert (balancer["Scheme"], tiers(assembly, "Api", balancer["Subnets"])) == ("internet-facing", {"Public"})
    for place, service in assembly.resources("AWS::ECS::Service").items():
        properties = service["Properties"]
        network = properties["NetworkConfiguration"]["AwsvpcConfiguration"]
        assert properties["LaunchType"] == "FARGATE", place
        assert tiers(assembly, place.partition("/")[0], network["Subnets"]) == {"Private"}, place
    assert count(assembly, "AWS::ECS::Cluster") == 1


def test_security_groups_let_in_who_needs_it_and_nobody_else(assembly: Assembly) -> None:
    found = ways(assembly)
    database = "Database/PagesInstanceSecurityGroup"
    assert {way for way in found if way[0] == ANYONE} == {(ANYONE, "Api/LoadBalancerSecurityGroup", 80)}
    assert {(source, port) for source, target, port in found if target == database} == {
        ("Api/WebSecurityGroup", 5432),
        ("Backup/DumpSecurityGroup", 5432),
        ("Database/PagesMigrationsMigratorSecurityGroup", 5432),
        ("Database/PagesRotationRotatorSecurityGroup", 5432),
    }
    assert {(source, port) for source, target, port in found if target == "Api/WebSecurityGroup"} == {
        ("Api/LoadBalancerSecurityGroup", 3000),
        ("Monitoring/PrometheusServerSecurityGroup", 3000),
    }


def test_the_service_may_read_the_secret_of_its_database_and_nothing_else(assembly: Assembly) -> None:
    has_keys = bool(assembly.resources("AWS::KMS::Key", "Database"))
    assert statements_of(assembly, "Api", "WebTaskTaskRole") == {
        "secretsmanager:GetSecretValue": ["Database/PagesUsersWeb"],
        **({"kms:Decrypt": ["Database/CustomerKey"]} if has_keys else {}),
    }


def test_outputs_name_what_people_look_for() -> None:
    """Addresses, ARNs and names of everything that somebody opens, calls or restores."""
    assembly = synthesize("webapp", "prod")
    told = {name for template in assembly.templates.values() for name in template["Outputs"]}
    assert {name for name in told if not name.startswith("PublishOutput")} == {
        *("VpcId", "ApiUrl", "LoadBalancerArn", "ClusterName", "WebServiceName", "AlarmTopicArn"),
        *("PagesDatabaseEndpoint", "PagesDatabaseName", "PagesDatabaseSecretArn", "BackupsBucketName"),
        *("PagesDatabaseUsers", "PagesMigrationsFunctionName", "BackupVaultName", "DumpFunctionName"),
        *("DashboardName", "PrometheusServiceName", "PrometheusWorkspaceUrl"),
    }
