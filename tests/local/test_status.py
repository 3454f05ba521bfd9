import io
import json

import psutil
import pytest
from rich.console import Console

from local import status
from local.cloud import Cloud, DeployedStack
from local.errors import LocalError
from local.inventory import Server
from local.settings import Settings
from local.state import Deployment, StackState, State


@pytest.fixture(autouse=True)
def healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cloud that is this very process."""
    monkeypatch.setattr(status, "running", lambda *_: psutil.Process())
    monkeypatch.setattr(status, "is_healthy", lambda _: True)
    monkeypatch.setattr(status, "receiver_answers", lambda _: True)
    monkeypatch.setattr(status, "servers", lambda *_: [])
    monkeypatch.setattr(status, "running_tasks", lambda _: 0)
    monkeypatch.setattr(Cloud, "stacks", lambda _: {})


def shown(settings: Settings) -> list[str]:
    output = io.StringIO()
    status.status(settings, Console(file=output, width=200))
    return output.getvalue().splitlines()


def test_types_that_have_no_effect_are_counted(settings: Settings) -> None:
    settings.directory.mkdir()
    recorded = [{"type": name} for name in ("AWS::B::Two", "AWS::A::One", "AWS::B::Two")]
    (settings.directory / "recorded-only.json").write_text(json.dumps(recorded))
    lines = shown(settings)
    at = lines.index("without effect here, only recorded:")
    assert lines[at + 1 : at + 3] == ["  AWS::A::One (1)", "  AWS::B::Two (2)"]


def test_a_cloud_without_a_deployment_says_so(settings: Settings) -> None:
    lines = shown(settings)
    assert lines[0].startswith("emulator   process")
    assert lines[-1] == "no deployment has been finished; type: make up"


def test_servers_are_listed_with_where_they_are_reached(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Server("PostgreSQL", "t-db", "127.0.0.1:15432"), Server("RabbitMQ", "t-broker", "amqps://localhost:15600")]
    monkeypatch.setattr(status, "servers", lambda *_: found)
    lines = [line.split() for line in shown(settings)]
    at = lines.index(["servers:"])
    assert lines[at + 1 : at + 3] == [
        ["PostgreSQL", "127.0.0.1:15432", "t-db"],
        ["RabbitMQ", "amqps://localhost:15600", "t-broker"],
    ]


def test_each_deployment_shows_its_stacks_as_they_are_now(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    deployments = [deployment("t", "Queue", "Api"), deployment("u", "Network")]
    State(
        endpoint_url="",
        ca_bundle="",
        receiver_url="",
        region="",
        account="",
        provider="",
        deployments={each.name: each for each in deployments},
    ).save(settings)
    statuses = {"t-Queue": "UPDATE_ROLLBACK_COMPLETE", "u-Network": "CREATE_COMPLETE"}
    now = {name: DeployedStack(name=name, status=status, outputs={}) for name, status in statuses.items()}
    monkeypatch.setattr(Cloud, "stacks", lambda _: now)
    lines = [line.split()[:2] for line in shown(settings)]
    at = lines.index(["t", "dev"])
    assert lines[at + 2 : at + 4] == [["Queue", "UPDATE_ROLLBACK_COMPLETE"], ["Api", "DELETED"]]
    assert lines[lines.index(["u", "dev"]) + 2] == ["Network", "CREATE_COMPLETE"]


def test_stacks_of_a_deployment_that_failed_on_the_way_are_listed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses = {"CDKToolkit": "CREATE_COMPLETE", "t-Api": "ROLLBACK_COMPLETE"}
    now = {name: DeployedStack(name=name, status=each, outputs={}) for name, each in statuses.items()}
    monkeypatch.setattr(Cloud, "stacks", lambda _: now)
    lines = shown(settings)
    at = lines.index("of no deployment that `make up` has finished:")
    assert [line.split() for line in lines[at + 1 : at + 3]] == [["t-Api", "ROLLBACK_COMPLETE"], []]


def deployment(system: str, *stacks: str) -> Deployment:
    states = {name: StackState(stack_name=f"{system}-{name}", status="CREATE_COMPLETE", seconds=1.0) for name in stacks}
    return Deployment(system=system, env="dev", api_url=None, stacks=states)


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (["/opt/postgres/bin/postgres", "-D", "x"], "PostgreSQL"),
        (["/bin/sh", "/usr/lib/rabbitmq/bin/rabbitmq-server"], "RabbitMQ"),
        (["/usr/bin/redis-server 127.0.0.1:15600"], "Redis"),
        (["python", "-m", "runtime"], "functions"),
        ([], "functions"),
    ],
)
def test_a_process_is_called_by_what_it_is(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, command: list[str], kind: str
) -> None:
    child = psutil.Process()
    monkeypatch.setattr(child, "cmdline", lambda: command)
    monkeypatch.setattr(child, "cwd", lambda: "/x")
    emulator = psutil.Process()
    monkeypatch.setattr(emulator, "children", lambda: [child, child])
    monkeypatch.setattr(status, "running", lambda *_: emulator)
    assert [kind, "2"] in [line.split() for line in shown(settings)]


def test_tasks_are_those_that_ecs_counts(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    health_check, emulator = psutil.Process(), psutil.Process()
    monkeypatch.setattr(health_check, "cwd", lambda: "/x/images/app")
    monkeypatch.setattr(emulator, "children", lambda: [health_check])
    monkeypatch.setattr(status, "running", lambda *_: emulator)
    monkeypatch.setattr(status, "running_tasks", lambda _: 7)
    lines = [line.split() for line in shown(settings)]
    assert ["tasks", "7"] in lines
    assert not any(line[:1] == ["functions"] for line in lines)


def test_a_cloud_that_does_not_answer_is_a_failure(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "is_healthy", lambda _: False)
    with pytest.raises(LocalError, match="does not answer; type: make down up"):
        shown(settings)
