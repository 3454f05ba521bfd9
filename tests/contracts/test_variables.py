"""The environment that infrastructure gives is the one that code reads, variable by variable."""

from collections.abc import Iterator
from typing import Any

import pytest

from services.settings import SETTINGS
from tests.support.synth import Assembly, all_environments, synthesize

# Lambda sets these itself, and refuses them in a template.
SET_BY_LAMBDA = {"AWS_REGION"}
# What Fargate leaves to the program: the interface to listen on; and what a person may set instead of the secret.
LEFT_TO_DEFAULTS = {"HOST", "DATABASE_URL"}
FUNCTION = "function "


@pytest.fixture(params=all_environments(), ids="/".join)
def assembly(request: pytest.FixtureRequest) -> Assembly:
    return synthesize(*request.param)


def containers(assembly: Assembly) -> Iterator[tuple[str, dict[str, Any]]]:
    """What each container runs, as `SETTINGS` names it, and the variables it is given."""
    for task in assembly.resources("AWS::ECS::TaskDefinition").values():
        for container in task["Properties"]["ContainerDefinitions"]:
            python, option, module, *arguments = container["Command"]
            assert (python, option) == ("python", "-m")
            program = " ".join([module.removeprefix("services."), *arguments])
            yield program, {entry["Name"]: entry["Value"] for entry in container["Environment"]}


def functions(assembly: Assembly) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same for each function of the project's own."""
    for function in assembly.resources("AWS::Lambda::Function").values():
        variables = function["Properties"].get("Environment", {}).get("Variables", {})
        if "POWERTOOLS_SERVICE_NAME" in variables:
            yield f"{FUNCTION}{variables['POWERTOOLS_SERVICE_NAME']}", variables


def test_code_is_given_what_it_reads_and_nothing_else(assembly: Assembly) -> None:
    found = [*containers(assembly), *functions(assembly)]
    assert found
    for program, variables in found:
        settings = SETTINGS[program]
        by_itself = SET_BY_LAMBDA if program.startswith(FUNCTION) else set()
        assert not by_itself & variables.keys(), f"{program}: Lambda refuses the deployment"
        assert settings.required_variables() - variables.keys() - by_itself == set(), program
        assert variables.keys() - settings.required_variables() - settings.optional_variables() == set(), program


def test_values_are_ones_the_code_takes(assembly: Assembly) -> None:
    """Names alone are not enough: a level or a mode that the code refuses stops it at its start."""
    for program, variables in [*containers(assembly), *functions(assembly)]:
        plain = {name: value if isinstance(value, str) else "1" for name, value in variables.items()}
        SETTINGS[program].from_environment({"AWS_REGION": "eu-central-1"} | plain | of_a_form(variables))


def of_a_form(variables: dict[str, Any]) -> dict[str, str]:
    """Values that must have a certain form, for those that CloudFormation fills in."""
    given = {
        "BROKER_URL": "amqps://broker:5671",
        "DATABASE_USERS": '{"api": "arn"}',
        "LOAD_BALANCER": "app/name/0123456789abcdef",
        "REMOTE_WRITE_URL": "https://write",
        "SEARCH_URL": "https://search",
    }
    return {name: given[name] for name, value in variables.items() if name in given and not isinstance(value, str)}


def test_no_program_is_left_out() -> None:
    """Settings that no template gives anything to belong to a program that nobody runs."""
    run = {
        program
        for names in all_environments()
        for program, _ in [*containers(synthesize(*names)), *functions(synthesize(*names))]
    }
    assert run == set(SETTINGS)


def test_what_is_optional_is_left_to_defaults_on_purpose() -> None:
    (variables,) = (given for program, given in containers(synthesize("notifications", "dev")) if program == "api")
    assert SETTINGS["api"].optional_variables() - variables.keys() == LEFT_TO_DEFAULTS
