from collections.abc import Callable

from local.cdk_output import Phase
from tests.e2e.cloud import DeployedCloud
from tests.support.eventually import eventually

STACKS = ("Network", "Alarms", "Queue", "Database", "Api", "Worker", "Monitoring")


def test_up_shows_every_channel_sent_every_stack_and_where_to_look(cloud: DeployedCloud) -> None:
    for channel in ("email", "sms", "webhook", "telegram"):
        assert any(line.split()[:2] == [channel, "sent"] for line in cloud.printed.splitlines())
    for stack in STACKS:
        assert any(line.split()[:2] == [stack, "CREATE_COMPLETE"] for line in cloud.printed.splitlines())
    assert str(cloud.state.last.api_url) in cloud.printed
    assert cloud.state.endpoint_url in cloud.printed


def test_the_state_names_everything_a_script_needs(cloud: DeployedCloud) -> None:
    assert cloud.state.provider == "local"
    deployment = cloud.state.last
    assert (deployment.system, deployment.env) == ("notifications", "dev")
    assert set(deployment.stacks) == set(STACKS)
    assert deployment.stacks["Queue"].stack_name == "notifications-dev-queue"
    assert cloud.get("/health")["status"]
    eventually(lambda: cloud.request("/ready").status == 200)


def test_stacks_deploy_side_by_side_where_they_can(cloud: DeployedCloud) -> None:
    begins, ends = moments(cloud)
    for one, other in (("Network", "Queue"), ("Api", "Worker")):
        assert begins(one) < ends(other)
        assert begins(other) < ends(one)


def test_stacks_wait_for_what_they_need(cloud: DeployedCloud) -> None:
    begins, ends = moments(cloud)
    for lower, upper in (("Network", "Database"), ("Database", "Api"), ("Database", "Worker"), ("Queue", "Worker")):
        assert ends(lower) < begins(upper)


def test_status_tells_what_runs(cloud: DeployedCloud) -> None:
    done = cloud.operate("status")
    assert done.returncode == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["PostgreSQL", "1"] in lines
    assert ["tasks", "1"] in lines
    # Another test may have deployed it again.
    assert [line[1] for line in lines if line[:1] == ["Api"]] in (["CREATE_COMPLETE"], ["UPDATE_COMPLETE"])


def test_the_cli_s_shell_reaches_the_queues(cloud: DeployedCloud) -> None:
    done = cloud.shell('eval "$($LOCAL env)"; aws sqs list-queues')
    assert cloud.output("Queue", "QueueUrl") in done.stdout, done.stderr


def moments(cloud: DeployedCloud) -> tuple[Callable[[str], int], Callable[[str], int]]:
    """When, by position among all steps, a stack's first step begins and its last one ends."""

    def begins(stack: str) -> int:
        return min(at for at, (each, _) in enumerate(cloud.first_phases) if each == stack)

    def ends(stack: str) -> int:
        return cloud.first_phases.index((stack, Phase.DONE))

    return begins, ends
