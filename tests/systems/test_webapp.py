"""webapp is what requirements 83 to 92 ask for."""

import pytest

from tests.support.synth import Assembly, synthesize
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
    (rule,) = only(assembly, "AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"][:1]
    assert rule["Status"] == "Enabled"
    functions = assembly.resources("AWS::Lambda::Function", "Backup").values()
    named = [each["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] for each in functions]
    assert named == ["backups"]
    schedules = {**assembly.resources("AWS::Scheduler::Schedule"), **assembly.resources("AWS::Events::Rule", "Backup")}
    assert [each["Properties"]["ScheduleExpression"] for each in schedules.values()] == ["cron(0 2 * * ? *)"]
