"""The environment that infrastructure gives is the one that code reads, variable by variable."""

from typing import Any

import pytest

from services.settings import ApiSettings, MigrationSettings, WorkerSettings
from tests.support.synth import Assembly, all_environments, synthesize

# Lambda sets this one itself, and refuses it in a template.
SET_BY_LAMBDA = {"AWS_REGION"}
# What Fargate leaves to the program: the interface to listen on; and what a person may set instead of the secret.
LEFT_TO_DEFAULTS = {"HOST", "DATABASE_URL"}


@pytest.fixture(params=all_environments(), ids="/".join)
def assembly(request: pytest.FixtureRequest) -> Assembly:
    return synthesize(*request.param)


def function_variables(assembly: Assembly, stack: str, service: str) -> set[str]:
    (variables,) = (
        function["Properties"]["Environment"]["Variables"]
        for function in assembly.resources("AWS::Lambda::Function", stack).values()
        if function["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == service
    )
    return set(variables)


def container_variables(assembly: Assembly) -> dict[str, Any]:
    (container,) = assembly.only("AWS::ECS::TaskDefinition", "Api")["ContainerDefinitions"]
    return {entry["Name"]: entry["Value"] for entry in container["Environment"]}


def test_api(assembly: Assembly) -> None:
    given = set(container_variables(assembly))
    assert ApiSettings.required_variables() - given == set()
    assert given - ApiSettings.required_variables() - ApiSettings.optional_variables() == set()
    assert ApiSettings.optional_variables() - given == LEFT_TO_DEFAULTS


@pytest.mark.parametrize(
    ("stack", "service", "settings"),
    [("Worker", "notifications", WorkerSettings), ("Database", "migrations", MigrationSettings)],
)
def test_functions(
    assembly: Assembly, stack: str, service: str, settings: type[WorkerSettings] | type[MigrationSettings]
) -> None:
    given = function_variables(assembly, stack, service)
    assert not given & SET_BY_LAMBDA, "Lambda refuses the deployment"
    assert settings.required_variables() - given - SET_BY_LAMBDA == set()
    assert given - settings.required_variables() - settings.optional_variables() == set()
    assert settings.optional_variables() - given - SET_BY_LAMBDA == {"DATABASE_URL"}


def test_values_are_ones_the_code_takes(assembly: Assembly) -> None:
    """Names alone are not enough: a level or a mode that the code refuses stops it at its start."""
    plain = {name: value if isinstance(value, str) else "1" for name, value in container_variables(assembly).items()}
    assert ApiSettings.from_environment(plain).port == 3000
