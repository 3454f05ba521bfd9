"""What infrastructure starts, and what it expects of it, is there."""

import importlib
import importlib.util
import re

import pytest
from pydantic_core import PydanticCustomError

from config.model import Channel, ServiceConfig
from config.rules.timings import BACKGROUND_SECONDS, LONGEST_REQUEST_SECONDS
from constructs_lib.channels import ports_of
from constructs_lib.functions import RUNTIME
from constructs_lib.load_balancer import HEALTH_PATH
from constructs_lib.project import PROJECT_ROOT, WORKERS_FOLDER
from services.database import CONNECT_SECONDS, STATEMENT_TIMEOUT_SECONDS
from services.pool import WAIT_SECONDS
from services.recipients import webhook_url
from services.serving import probes
from services.serving.app import TASKS_SECONDS
from services.settings.parts import Served
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


def test_a_server_that_is_told_nothing_keeps_the_times_of_a_configuration_that_says_nothing() -> None:
    for name in ("keep_alive_seconds", "drain_seconds"):
        assert Served.model_fields[name].default == ServiceConfig.model_fields[name].default


def test_a_request_takes_no_longer_than_the_rules_say() -> None:
    assert WAIT_SECONDS + CONNECT_SECONDS + STATEMENT_TIMEOUT_SECONDS <= LONGEST_REQUEST_SECONDS


def test_background_tasks_are_given_what_the_rules_say() -> None:
    assert TASKS_SECONDS == BACKGROUND_SECONDS


def test_what_the_api_takes_for_a_webhook_the_network_lets_through() -> None:
    """A port that is taken and then led nowhere would be a notification that fails after all its attempts."""
    channels: tuple[Channel, ...] = ("webhook",)
    ranges = (port.to_string().partition("-") for port in ports_of(channels))
    open_to = {(int(low), int(high or low)) for low, _, high in ranges}

    def taken(port: int) -> bool:
        try:
            webhook_url(f"https://hooks.example.com:{port}/1")
        except PydanticCustomError:
            return False
        return True

    for port in (22, 25, 53, 80, 442, 443, 444, 1023, 1024, 4580, 8443, 65_535):
        assert taken(port) is any(low <= port <= high for low, high in open_to), port


def test_health_is_served_where_the_load_balancer_asks() -> None:
    assert HEALTH_PATH in {getattr(route, "path", None) for route in probes.router([]).routes}
