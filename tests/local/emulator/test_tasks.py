"""ECS services run as processes: with what the task definition says, behind the load balancer, replaced and stopped."""

import os
import signal
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest

from local.emulator.tasks.read_only import landlock_version
from tests.local.emulator.cloud import Cloud, DeploymentError
from tests.local.emulator.service import GROUP, template, write_image
from tests.support.eventually import eventually

STACK = "service"


@pytest.fixture(scope="module")
def web(cloud: Cloud) -> Iterator[httpx.Client]:
    """The service `one`, seen through its load balancer."""
    for tag in ("one", "two", "broken", "deaf"):
        write_image(cloud.data, tag)
    cloud.deploy(STACK, template("one"))
    with _browser(cloud) as client:
        yield client
    cloud.delete(STACK)


def _browser(cloud: Cloud) -> httpx.Client:
    context = ssl.create_default_context(cafile=cloud.trust)
    return httpx.Client(base_url=f"{cloud.url}/_alb/demo/", verify=context, timeout=10)


def service(cloud: Cloud) -> dict[str, Any]:
    found: dict[str, Any] = cloud.client("ecs").describe_services(cluster="demo", services=["demo"])["services"][0]
    return found


def pids(web: httpx.Client) -> set[int]:
    """The processes that answer: with two of them, 30 requests miss one once in 10^9 runs."""
    answers = [web.get("") for _ in range(30)]
    return {answer.json()["pid"] for answer in answers if answer.is_success}


def two_answer(web: httpx.Client) -> set[int] | None:
    answers = [web.get("") for _ in range(30)]
    found = {answer.json()["pid"] for answer in answers if answer.is_success}
    return found if len(found) == 2 and all(answer.is_success for answer in answers) else None


def test_the_desired_number_of_tasks_runs_and_is_described(cloud: Cloud, web: httpx.Client) -> None:
    assert two_answer(web)
    found = service(cloud)
    assert (found["runningCount"], found["deployments"][0]["rolloutState"]) == (2, "COMPLETED")
    tasks = cloud.client("ecs").list_tasks(cluster="demo", serviceName="demo")["taskArns"]
    described = cloud.client("ecs").describe_tasks(cluster="demo", tasks=tasks)["tasks"]
    addresses = {(task["containers"][0]["networkBindings"][0]["hostPort"], task["lastStatus"]) for task in described}
    group = cloud.client("elbv2").describe_target_groups(Names=["demo"])["TargetGroups"][0]["TargetGroupArn"]
    health = cloud.client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert addresses == {(each["Target"]["Port"], "RUNNING") for each in health}


def test_a_task_gets_what_image_and_definition_say_and_nothing_of_the_operator(web: httpx.Client) -> None:
    seen = web.get("").json()
    assert (seen["FROM_IMAGE"], seen["MARK"], seen["TOKEN"]) == ("yes", "first", "s3cret")
    assert (seen["DATABASE_URL"], seen["AWS_PROFILE"]) == (None, None)


@pytest.mark.skipif(not landlock_version(), reason="this kernel has no Landlock")
def test_a_task_with_a_read_only_root_writes_to_its_volume_only(web: httpx.Client) -> None:
    refused = dict.fromkeys(("home", "work", "machine"), "PermissionError")
    assert web.get("writes").json() == {"volume": "written", **refused}


def test_a_task_acts_under_its_own_role(web: httpx.Client) -> None:
    calls = web.get("calls").json()
    assert ":assumed-role/demo-task/" in calls["identity"]
    assert calls["granted"].endswith("/demo")
    assert "AccessDenied" in calls["denied"]
    assert "secretsmanager:ListSecrets" in calls["denied"]


def test_the_load_balancer_passes_requests_on_as_they_are(web: httpx.Client) -> None:
    seen = web.get("a/b%2Fc?x=1&x=2", headers={"X-Own": "kept"}).json()
    assert (seen["path"], seen["headers"]["x-own"]) == ("/a/b%2Fc?x=1&x=2", "kept")
    assert seen["headers"]["x-forwarded-for"] == "127.0.0.1"
    answer = web.post("", content=b"x" * 300 * 1024, headers={"Content-Type": "text/x-own"})
    assert (answer.status_code, answer.json()) == (201, {"length": 300 * 1024, "type": "text/x-own"})
    answer = web.head("")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


def test_listener_rules_come_before_the_service(web: httpx.Client) -> None:
    answer = web.get("internal/metrics")
    assert (answer.status_code, answer.text) == (403, "not here")


def test_logs_reach_the_log_group_and_a_file(cloud: Cloud, web: httpx.Client) -> None:
    assert web.get("").is_success
    logs = cloud.client("logs")

    def streams() -> bool:
        names = [stream["logStreamName"] for stream in logs.describe_log_streams(logGroupName=GROUP)["logStreams"]]
        found = [logs.get_log_events(logGroupName=GROUP, logStreamName=name)["events"] for name in names]
        return len(names) == 2 and all("serving one" in [event["message"] for event in events] for events in found)

    assert eventually(streams)
    files = list((cloud.data / "logs" / "demo").iterdir())
    assert sorted(file.read_text().splitlines()[0] for file in files) == ["serving one", "serving one"]


def test_a_task_that_dies_is_replaced(web: httpx.Client) -> None:
    before = pids(web)
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    after = eventually(lambda: two_answer(web))
    assert victim not in after
    assert len(before & after) == 1


def test_a_task_that_lives_but_fails_its_health_checks_is_replaced(cloud: Cloud, web: httpx.Client) -> None:
    victim = web.get("sicken").json()["pid"]
    eventually(lambda: not psutil.pid_exists(victim))
    assert victim not in eventually(lambda: two_answer(web))
    ended = [file.read_text() for file in (cloud.data / "logs" / "demo").iterdir()]
    assert any("stopped: failed 2 health checks of /health" in text for text in ended)


def test_a_deployment_replaces_every_task_without_a_failed_request(cloud: Cloud, web: httpx.Client) -> None:
    before = pids(web)
    answers: Counter[tuple[int, str]] = Counter()
    done = threading.Event()

    def use() -> None:
        with _browser(cloud) as client:
            while not done.is_set():
                answer = client.get("slow" if answers.total() % 5 == 0 else "")
                answers[answer.status_code, answer.json().get("TAG", "")] += 1

    users = [threading.Thread(target=use) for _ in range(3)]
    for user in users:
        user.start()
    try:
        cloud.deploy(STACK, template("two"))
        eventually(lambda: not any(psutil.pid_exists(pid) for pid in before))
    finally:
        done.set()
        for user in users:
            user.join(60)
    assert set(answers) == {(200, "one"), (200, "two")}
    assert {web.get("").json()["TAG"] for _ in range(10)} == {"two"}
    ended = [file.read_text() for file in (cloud.data / "logs" / "demo").iterdir()]
    assert sum("served to the end" in text for text in ended) == 2


@pytest.mark.parametrize(
    ("tag", "reason"),
    [("broken", "the configuration is broken"), ("deaf", "did not pass its health check /health within 6 s")],
)
def test_a_deployment_that_does_not_run_is_rolled_back(cloud: Cloud, web: httpx.Client, tag: str, reason: str) -> None:
    before = pids(web)
    with pytest.raises(DeploymentError, match="Circuit Breaker") as failure:
        cloud.deploy(STACK, template(tag))
    assert (failure.value.status, reason in failure.value.reason) == ("UPDATE_ROLLBACK_COMPLETE", True)
    assert two_answer(web) == before
    assert [each["rolloutState"] for each in service(cloud)["deployments"] if each["status"] == "PRIMARY"] == [
        "COMPLETED"
    ]


def test_an_image_that_is_not_in_the_store_is_named(cloud: Cloud, web: httpx.Client) -> None:
    with pytest.raises(DeploymentError, match=r"CannotPullContainerError: image \S+/demo:missing is not in the local"):
        cloud.deploy(STACK, template("missing"))
    assert web.get("").json()["TAG"] == "two"


def scaled(minimum: int, maximum: int) -> dict[str, Any]:
    target = {
        "ResourceId": "service/demo/demo",
        "ScalableDimension": "ecs:service:DesiredCount",
        "ServiceNamespace": "ecs",
        "MinCapacity": minimum,
        "MaxCapacity": maximum,
    }
    return {"Target": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": target}}


def test_a_task_that_somebody_stops_is_replaced(cloud: Cloud, web: httpx.Client) -> None:
    before, ecs = pids(web), cloud.client("ecs")
    victim = ecs.list_tasks(cluster="demo", serviceName="demo")["taskArns"][0]
    ecs.stop_task(cluster="demo", task=victim)
    eventually(lambda: len(before - pids(web)) == 1)
    assert len(eventually(lambda: two_answer(web)) - before) == 1


def test_a_scalable_target_keeps_the_number_of_tasks_within_its_bounds(cloud: Cloud, web: httpx.Client) -> None:
    """The CDK leaves the desired count to the target's minimum; without it a service would keep to one task."""
    outputs = {"Target": {"Ref": "Target"}}
    first = cloud.deploy("bounds", scaled(3, 4), outputs)
    assert first["Target"] == "service/demo/demo|ecs:service:DesiredCount|ecs"
    eventually(lambda: len(pids(web)) == 3)
    assert service(cloud)["desiredCount"] == 3
    cloud.deploy("bounds", scaled(1, 2), outputs)
    eventually(lambda: two_answer(web))
    cloud.delete("bounds")
    assert service(cloud)["desiredCount"] == 2


def test_scaling_what_does_not_exist_is_refused(cloud: Cloud) -> None:
    target = scaled(1, 2)
    target["Target"]["Properties"]["ResourceId"] = "service/demo/absent"
    with pytest.raises(DeploymentError, match="no ECS service absent in cluster demo"):
        cloud.deploy("absent", target)


def test_no_tasks_means_no_targets(cloud: Cloud, web: httpx.Client) -> None:
    before = pids(web)
    cloud.deploy(STACK, template("two", desired=0))
    assert web.get("").status_code == 503
    eventually(lambda: not any(psutil.pid_exists(pid) for pid in before))
    cloud.deploy(STACK, template("two", desired=1))
    assert len(pids(web)) == 1


def test_the_first_deployment_of_a_service_can_fail(cloud: Cloud) -> None:
    with pytest.raises(DeploymentError, match="the configuration is broken") as failure:
        cloud.deploy("first", unnamed("broken"))
    assert failure.value.status == "ROLLBACK_COMPLETE"
    cloud.delete("first")


@pytest.mark.usefixtures("web")
def test_a_service_that_never_ran_leaves_its_name_to_the_next(cloud: Cloud) -> None:
    without = {name: resource for name, resource in unnamed("one").items() if name != "Service"}
    cluster = cloud.deploy("again", without, {"Cluster": {"Ref": "Cluster"}})["Cluster"]
    with pytest.raises(DeploymentError, match="the configuration is broken"):
        cloud.deploy("again", unnamed("broken"))
    assert cloud.client("ecs").list_services(cluster=cluster)["serviceArns"] == []
    cloud.deploy("again", unnamed("one"))
    assert len(cloud.client("ecs").list_services(cluster=cluster)["serviceArns"]) == 1
    cloud.delete("again")


def unnamed(tag: str) -> dict[str, Any]:
    """A second copy beside the first: but for the service, nothing carries its names."""
    resources = template(tag, desired=1)
    for name in ("Cluster", "Queue", "Log", "Token", "Balancer", "Targets", "Role"):
        properties = resources[name].get("Properties", {})
        for key in ("ClusterName", "QueueName", "LogGroupName", "Name", "RoleName"):
            properties.pop(key, None)
    return resources
