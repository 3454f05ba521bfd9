"""The shape of the project is what requirements 3 to 11, 71 and 92 ask for."""

import ast
import dataclasses
import importlib
import inspect
import json
import re
import tomllib
import typing

import aws_cdk as cdk
import pytest

from config.load import environments_of
from constructs_lib.project import PROJECT_ROOT
from constructs_lib.providers import LOCAL
from constructs_lib.tags import tag_everything
from stacks.base import GroundworkStack
from stacks.compose import Stacks, build_app, new_app
from tests.support.synth import all_environments, cdk_context, configuration

# Those of the references. One that is added later may be a single module.
SYSTEMS = ("notifications", "ticketero", "webapp", "platform", "ecommerce")
# Domain: the class of its stack, in the module of its name.
DOMAINS = (
    *("network", "database", "queue", "api", "worker", "cache", "broker", "search", "storage", "backup", "monitoring"),
)


@pytest.mark.parametrize("domain", DOMAINS)
def test_each_domain_has_a_module_with_its_stack(domain: str) -> None:
    module = importlib.import_module(f"stacks.{domain}")
    own = [
        name
        for name, it in vars(module).items()
        if isinstance(it, type) and issubclass(it, GroundworkStack) and it.__module__ == module.__name__
    ]
    assert own == [f"{domain.capitalize()}Stack"]


@pytest.mark.parametrize("domain", [each for each in DOMAINS if each != "network"])
def test_a_stack_takes_what_it_uses_as_typed_props(domain: str) -> None:
    """Nothing is looked up by a name that only a deployment would find missing."""
    module = importlib.import_module(f"stacks.{domain}")
    stack = getattr(module, f"{domain.capitalize()}Stack")
    props: typing.Any = typing.get_type_hints(stack.__init__)["props"]
    assert dataclasses.is_dataclass(props)
    assert vars(props)["__dataclass_params__"].frozen
    hints = typing.get_type_hints(props)
    assert hints
    assert [name for name, hint in hints.items() if hint in {typing.Any, object, str}] == []
    source = inspect.getsource(module)
    assert re.findall(r"\b(?:from_lookup|import_value|value_from_lookup|value_for_string_parameter)\b", source) == []


@pytest.mark.parametrize("names", [each for each in all_environments() if each[0] in SYSTEMS], ids="/".join)
def test_each_environment_has_a_module(names: tuple[str, str]) -> None:
    system, environment = names
    module = importlib.import_module(f"config.systems.{system}.{environment}")
    assert environments_of(system)[environment] is getattr(module, environment)


def test_notifications_has_dev_staging_and_prod() -> None:
    assert list(environments_of("notifications")) == ["dev", "staging", "prod"]


def test_the_cli_finds_the_app_and_its_dependencies_are_declared_and_locked() -> None:
    assert json.loads((PROJECT_ROOT / "cdk.json").read_text())["app"].endswith("app.py")
    groups = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["dependency-groups"]
    declared = [each for each in groups["infrastructure"] if each.startswith("aws-cdk-lib==")]
    lock = (PROJECT_ROOT / "requirements" / "dev.lock").read_text().splitlines()
    assert [line for line in lock if line.split(" ")[0] in declared] != []
    package = json.loads((PROJECT_ROOT / "package.json").read_text())
    assert re.fullmatch(r"\d+\.\d+\.\d+", package["dependencies"]["aws-cdk"])


def test_tags_are_aspects() -> None:
    """Of the app as a whole, so that a resource which is added later carries them as well."""
    app = new_app(cdk_context())
    before = len(cdk.Aspects.of(app).all)
    tag_everything(app, configuration("notifications", "dev"))
    added = cdk.Aspects.of(app).all[before:]
    assert {each.key for each in added if isinstance(each, cdk.Tag)} == {
        "system",
        "environment",
        "owner",
        "cost-center",
    }


@pytest.fixture(scope="module")
def ecommerce() -> Stacks:
    return build_app(new_app(cdk_context()), configuration("ecommerce", "dev"), LOCAL)


def test_the_composition_exposes_vpc_databases_cache_and_messaging(ecommerce: Stacks) -> None:
    assert ecommerce.network.vpc.vpc_id
    assert ecommerce.database is not None
    assert set(ecommerce.database.databases) == set(configuration("ecommerce", "dev").databases)
    assert ecommerce.cache is not None
    assert ecommerce.cache.cache.port == 6379
    assert ecommerce.broker is not None
    assert ecommerce.broker.broker.port == 5671
    notifications = build_app(new_app(cdk_context()), configuration("notifications", "dev"), LOCAL)
    assert notifications.queue is not None
    assert notifications.queue.queue.queue.queue_url


def test_each_construct_has_tests_of_its_own() -> None:
    """A construct that only a whole stack can test holds more than one subject."""
    constructs = []
    for path in sorted((PROJECT_ROOT / "constructs_lib").glob("*.py")):
        classes = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
        bases = {ast.unparse(base) for each in classes for base in each.bases}
        if bases & {"Construct", "RuntimeFunction"}:
            constructs.append(path.stem)
    assert {"fargate_service", "queue_worker", "aurora", "network"} <= set(constructs)
    tests = {path.stem.removeprefix("test_") for path in (PROJECT_ROOT / "tests" / "constructs_lib").glob("test_*.py")}
    # What looks at all others is tested with those it looks at, in `tests/stacks/test_monitoring.py`.
    assert set(constructs) - tests == {"dashboard", "prometheus"}


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_is_built_by_the_same_stacks_as_all_others(system: str) -> None:
    """Also those that were drawn for another tool."""
    for environment in environments_of(system):
        stacks = build_app(new_app(cdk_context()), configuration(system, environment), LOCAL)
        assert {type(stack).__module__ for stack in stacks} <= {f"stacks.{name}" for name in (*DOMAINS, "alarms")}
    assert list(PROJECT_ROOT.glob("**/*.tf")) == []


def test_unit_integration_and_end_to_end_tests_are_all_run() -> None:
    makefile = (PROJECT_ROOT / "Makefile").read_text()
    recipe = makefile.partition("\ntest: install")[2].partition("\n\n")[0]
    assert "-m 'not e2e'" in recipe
    assert "-m e2e" in recipe
    tests = PROJECT_ROOT / "tests"
    # Integration: the runtime with a real PostgreSQL, RabbitMQ and Redis.
    for kind in ("config", "constructs_lib", "stacks", "services", "workers", "local", "assembly"):
        assert list((tests / kind).glob("**/test_*.py")), kind
    for system in SYSTEMS:
        assert list((tests / "e2e" / system).glob("test_*.py")), system
