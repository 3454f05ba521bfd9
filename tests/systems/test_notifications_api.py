"""The API of notifications is what requirements 36 to 47 ask for."""

from typing import Any

import pytest

from tests.support.synth import ACCOUNT, REGION, Assembly, synthesize
from tests.systems.placement import origin, statements_of
from tests.systems.templates import count, listeners, only

ENVIRONMENTS = ["dev", "staging", "prod"]
QUEUE = "Queue/NotificationsQueue"
SECRET = "Database/NotificationsUsersApi"


@pytest.fixture(params=ENVIRONMENTS)
def assembly(request: pytest.FixtureRequest) -> Assembly:
    return synthesize("notifications", request.param)


def container(assembly: Assembly) -> dict[str, Any]:
    (found,) = only(assembly, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    it: dict[str, Any] = found
    return it


def test_http_serves_where_there_is_no_certificate() -> None:
    found = listeners(synthesize("notifications", "dev"))
    assert set(found) == {80}
    assert found[80]["DefaultActions"][0]["Type"] == "forward"


def test_https_serves_with_a_certificate_of_acm() -> None:
    found = listeners(synthesize("notifications", "prod"))
    (certificate,) = found[443]["Certificates"]
    assert found[443]["Protocol"] == "HTTPS"
    assert certificate["CertificateArn"].startswith(f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/")
    assert found[443]["DefaultActions"][0]["Type"] == "forward"
    # TLS 1.2 and 1.3, and nothing older.
    assert found[443]["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    (redirect,) = found[80]["DefaultActions"]
    assert (redirect["Type"], redirect["RedirectConfig"]["Protocol"]) == ("redirect", "HTTPS")


def test_health_is_asked_at_its_path(assembly: Assembly) -> None:
    group = only(assembly, "AWS::ElasticLoadBalancingV2::TargetGroup")
    assert (group["HealthCheckPath"], group["Port"], group["TargetType"]) == ("/health", 3000, "ip")


def test_one_fargate_service_on_one_cluster(assembly: Assembly) -> None:
    assert count(assembly, "AWS::ECS::Cluster") == 1
    service, task = only(assembly, "AWS::ECS::Service"), only(assembly, "AWS::ECS::TaskDefinition")
    assert service["LaunchType"] == "FARGATE"
    assert (task["RequiresCompatibilities"], task["NetworkMode"]) == (["FARGATE"], "awsvpc")
    assert origin(assembly, "Api", service["Cluster"]) == "Api/Cluster"


def test_scales_at_70_percent_cpu_80_percent_memory_and_by_requests(assembly: Assembly) -> None:
    tracked = {}
    for policy in assembly.resources("AWS::ApplicationAutoScaling::ScalingPolicy").values():
        target = policy["Properties"]["TargetTrackingScalingPolicyConfiguration"]
        tracked[target["PredefinedMetricSpecification"]["PredefinedMetricType"]] = target["TargetValue"]
    assert tracked == {
        "ECSServiceAverageCPUUtilization": 70,
        "ECSServiceAverageMemoryUtilization": 80,
        "ALBRequestCountPerTarget": 3000,
    }


def test_the_image_is_an_asset_of_the_cdk(assembly: Assembly) -> None:
    """`cdk bootstrap` makes the repository it is pushed to, with scanning and a lifecycle of its own."""
    repository = f"cdk-hnb659fds-container-assets-{ACCOUNT}-{REGION}"
    assert f".dkr.ecr.{REGION}." in str(container(assembly)["Image"])
    assert f"/{repository}:" in str(container(assembly)["Image"])
    pulled = statements_of(assembly, "Api", "ApiTaskExecutionRole")
    assert pulled["ecr:BatchGetImage"] == [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{repository}"]
    assert count(assembly, "AWS::ECR::Repository") == 0


def test_logs_go_to_cloudwatch(assembly: Assembly) -> None:
    logged = container(assembly)["LogConfiguration"]
    assert logged["LogDriver"] == "awslogs"
    assert origin(assembly, "Api", logged["Options"]["awslogs-group"]) == "Api/ApiLogs"
    assert statements_of(assembly, "Api", "ApiTaskExecutionRole")["logs:PutLogEvents"] == ["Api/ApiLogs"]


def test_the_task_role_reads_its_secret_sends_to_its_queue_and_does_nothing_else(assembly: Assembly) -> None:
    task = only(assembly, "AWS::ECS::TaskDefinition")
    assert origin(assembly, "Api", task["TaskRoleArn"]) == "Api/ApiTaskTaskRole"
    assert origin(assembly, "Api", task["ExecutionRoleArn"]) == "Api/ApiTaskExecutionRole"
    keys = {"kms:Decrypt": ["Database/CustomerKey", "Queue/CustomerKey"], "kms:GenerateDataKey": ["Queue/CustomerKey"]}
    has_keys = bool(assembly.resources("AWS::KMS::Key", "Database"))
    assert statements_of(assembly, "Api", "ApiTaskTaskRole") == {
        **(keys if has_keys else {}),
        "secretsmanager:GetSecretValue": [SECRET],
        "sqs:SendMessage": [QUEUE],
    }


@pytest.mark.parametrize(("environment", "level"), [("dev", "DEBUG"), ("staging", "INFO"), ("prod", "INFO")])
def test_the_container_is_told_environment_region_level_queue_and_secret(environment: str, level: str) -> None:
    """The secret's ARN, not a URL with the password in it, which a rotation would leave behind."""
    assembly = synthesize("notifications", environment)
    given = {entry["Name"]: entry["Value"] for entry in container(assembly)["Environment"]}
    assert (given["APP_ENV"], given["LOG_LEVEL"]) == (environment, level)
    assert given["AWS_REGION"] == REGION
    assert origin(assembly, "Api", given["QUEUE_URL"]) == QUEUE
    assert origin(assembly, "Api", given["DATABASE_SECRET_ARN"]) == SECRET
    assert "DATABASE_URL" not in given
    assert "Secrets" not in container(assembly)


@pytest.mark.parametrize(("environment", "bounds"), [("dev", [(0, 0), (1, 2)]), ("staging", []), ("prod", [])])
def test_no_task_of_dev_runs_at_night(environment: str, bounds: list[tuple[int, int]]) -> None:
    """From five in the evening until nine, and at weekends; the others are used around the clock."""
    target = only(synthesize("notifications", environment), "AWS::ApplicationAutoScaling::ScalableTarget")
    actions = {each["ScheduledActionName"]: each for each in target.get("ScheduledActions", [])}
    by_time = sorted(actions.values(), key=lambda each: each["ScalableTargetAction"]["MinCapacity"])
    found = [each["ScalableTargetAction"] for each in by_time]
    assert [(each["MinCapacity"], each["MaxCapacity"]) for each in found] == bounds
    if bounds:
        evening, morning = by_time
        assert (evening["Schedule"], morning["Schedule"]) == ("cron(0 17 ? * MON-FRI *)", "cron(0 9 ? * MON-FRI *)")
