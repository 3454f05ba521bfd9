"""What infrastructure starts, and what it expects of it, is there."""

import importlib
import importlib.util
import re

import pytest

from constructs_lib.fargate_service import STOP_TIMEOUT
from constructs_lib.functions import RUNTIME
from constructs_lib.load_balancer import DEREGISTRATION_DELAY, HEALTH_PATH, IDLE_TIMEOUT
from constructs_lib.project import PROJECT_ROOT, WORKERS_FOLDER
from services.serving import probes
from services.serving.app import TASKS_SECONDS
from services.serving.program import DRAIN_SECONDS, KEEP_ALIVE_SECONDS
from tests.support.synth import all_environments, synthesize


@pytest.mark.parametrize("names", all_environments(), ids="/".join)
def test_command_of_each_container_is_a_program_of_its_image(names: tuple[str, str]) -> None:
    tasks = synthesize(*names).resources("AWS::ECS::TaskDefinition").values()
    for task in tasks:
        for container in task["Properties"]["ContainerDefinitions"]:
            python, option, module, *_ = container["Command"]
            assert (python, option) == ("python", "-m")
            assert importlib.util.find_spec(f"{module}.__main__") is not None


def test_handlers_are_callable() -> None:
    for folder in sorted(path.parent.name for path in WORKERS_FOLDER.glob("*/handler.py")):
        assert callable(importlib.import_module(f"workers.{folder}.handler").handler)


def test_functions_and_container_run_the_same_python() -> None:
    dockerfile = (PROJECT_ROOT / "services" / "Dockerfile").read_text()
    versions = set(re.findall(r"^FROM .*\bpython:(\d+\.\d+)", dockerfile, re.MULTILINE))
    assert versions == {RUNTIME.name.removeprefix("python")}


def test_container_does_not_run_as_root() -> None:
    dockerfile = (PROJECT_ROOT / "services" / "Dockerfile").read_text()
    users = re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE)
    assert users, "without USER it runs as root"
    assert users[-1].partition(":")[0] not in {"0", "root"}


def test_server_keeps_connections_longer_than_the_load_balancer() -> None:
    """The other way round, the load balancer sends a request on a connection just closed, and answers 502."""
    assert IDLE_TIMEOUT.to_seconds() < KEEP_ALIVE_SECONDS


def test_requests_end_while_the_load_balancer_waits_and_before_the_task_is_killed() -> None:
    assert DRAIN_SECONDS < DEREGISTRATION_DELAY.to_seconds() < STOP_TIMEOUT.to_seconds()


def test_background_tasks_end_before_the_task_is_killed() -> None:
    assert STOP_TIMEOUT.to_seconds() > DRAIN_SECONDS + TASKS_SECONDS


def test_health_is_served_where_the_load_balancer_asks() -> None:
    assert HEALTH_PATH in {getattr(route, "path", None) for route in probes.router([]).routes}
