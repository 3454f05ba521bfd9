"""Names that become construct ids, and names under which something has to be there."""

from collections.abc import Callable, Iterable
from functools import cache
from importlib.util import find_spec
from typing import Any

import aws_cdk as cdk
import pytest

from config.model import BucketConfig, StorageConfig, SystemConfig
from config.rules import check
from config.rules.names import IDS, id_of, programs, schemas, taken_by_databases
from config.systems.ecommerce.dev import dev as ecommerce
from config.systems.notifications.dev import dev as notifications
from config.systems.webapp.dev import dev as webapp
from constructs_lib.names import pascal_case
from constructs_lib.project import SERVICES_FOLDER
from constructs_lib.providers import LOCAL
from stacks.compose import build_app, new_app
from tests.support.synth import all_environments, assembly_of, cdk_context, configuration


def renamed(make: Callable[[], SystemConfig], field: str, *keys: str) -> SystemConfig:
    """Return a configuration with the first service, database or bucket under other names."""
    config = make()
    if field == "storage.buckets":
        return config.model_copy(update={"storage": StorageConfig(buckets=dict.fromkeys(keys, BucketConfig()))})
    first = next(iter(getattr(config, field).values()))
    return config.model_copy(update={field: dict.fromkeys(keys, first)})


def faults(config: SystemConfig) -> list[str]:
    return [str(problem) for problem in check(config)]


@pytest.mark.parametrize(
    ("field", "keys", "told"),
    [
        ("services", ["load-balancer"], "services = 'load-balancer': LoadBalancer is part of the stack by itself"),
        (
            "services",
            ["cluster"],
            "services = 'cluster': Cluster is part of the stack by itself; allowed: any other name",
        ),
        ("services", ["image"], "services = 'image': Image is part of the stack by itself"),
        ("services", ["channels"], "services = 'channels': "),
        ("services", ["api-url-output"], "services = 'api-url-output': "),
        ("services", ["task-role"], "services = 'task-role': TaskRole is part of the stack by itself"),
        ("services", ["a1-2", "a12"], "services = 'a12': becomes A12 in the stack, as a1-2 does; allowed: a name that"),
        ("services", ["a", "a-service-name-output"], "services = 'a-service-name-output': becomes AServiceNameOutput"),
        ("databases", ["a", "a-migrations"], "databases = 'a-migrations': becomes AMigrations in the stack, as a does"),
        ("databases", ["a-migrations", "a"], "databases = 'a': becomes AMigrations in the stack, as a-migrations does"),
        ("databases", ["b-1", "b1"], "databases = 'b1': becomes B1 in the stack, as b-1 does"),
        ("storage.buckets", ["emptying-logs"], "storage.buckets = 'emptying-logs': EmptyingLogs is part of the stack"),
        ("storage.buckets", ["x-1", "x1"], "storage.buckets = 'x1': becomes X1 in the stack, as x-1 does"),
    ],
)
def test_names_that_become_the_same_id_are_refused(field: str, keys: list[str], told: str) -> None:
    assert [fault for fault in faults(renamed(notifications, field, *keys)) if fault.startswith(told)] != []


@cache
def children(system: str, environment: str) -> dict[str, tuple[str, ...]]:
    """The ids of what is directly in each stack, and in each task definition."""
    app = new_app(cdk_context())
    stacks = build_app(app, configuration(system, environment), LOCAL)
    assembly_of(app)
    found = {stack.node.id: tuple(child.node.id for child in stack.node.children) for stack in stacks}
    tasks = [construct for construct in app.node.find_all() if isinstance(construct, cdk.aws_ecs.TaskDefinition)]
    return found | {task.node.path: tuple(child.node.id for child in task.node.children) for task in tasks}


@pytest.mark.parametrize(("system", "environment"), all_environments())
def test_no_stack_has_an_id_that_a_name_could_take_unseen(system: str, environment: str) -> None:
    """An id that is in a stack and not in the rule would be met as a traceback by whoever takes its name."""
    config = configuration(system, environment)
    found = children(system, environment)
    keys: dict[tuple[str, str], Iterable[str]] = {
        ("services", "Api"): config.services,
        ("databases", "Database"): config.databases,
        ("storage.buckets", "Storage"): config.storage.buckets if config.storage else {},
    }
    for (field, stack), names in keys.items():
        ids = IDS[field]
        made = {each.format(id_of(key)) for key in names for each in ids.made}
        there = set(found.get(stack, ()))
        assert made <= there
        # A name has letters and digits only, so other ids are out of reach.
        assert {each for each in there - made if each.isalnum()} <= ids.taken | taken_by_databases(ids, config)
    for key in config.services:
        (task,) = [path for path in found if path.startswith(f"Api/{id_of(key)}/")]
        assert set(found[task]) - {id_of(key)} <= IDS["services"].taken_within


def test_nothing_is_kept_from_names_without_need() -> None:
    met = {id_ for names in all_environments() for ids in children(*names).values() for id_ in ids}
    # Made where a stack exports something to another one, which none does: references are weak.
    assert {each for ids in IDS.values() for each in ids.taken | ids.taken_within} - met <= {"Exports"}


@pytest.mark.parametrize("key", ["api", "order-notifications", "a1-2", "a12", "x-1-y"])
def test_ids_are_those_that_stacks_make(key: str) -> None:
    assert id_of(key) == pascal_case(key)


@pytest.mark.parametrize(
    ("make", "field", "key", "changes", "told"),
    [
        (
            webapp,
            "databases",
            "pages",
            {"schema_name": "page"},
            "databases.pages.schema_name = 'page': services/migrations has no such folder; allowed: notifications,",
        ),
        (
            webapp,
            "services",
            "web",
            {"program": "doesnotexist"},
            "services.web.program = 'doesnotexist': services has no such program; allowed: api, planning.api, planning",
        ),
        (ecommerce, "services", "order", {"program": "migrations"}, "services.order.program = 'migrations': services"),
    ],
)
def test_what_is_not_there_is_refused(
    make: Callable[[], SystemConfig], field: str, key: str, changes: dict[str, Any], told: str
) -> None:
    config = make()
    parts = getattr(config, field)
    changed = {**parts, key: parts[key].model_copy(update=changes)}
    assert [each for each in faults(config.model_copy(update={field: changed})) if each.startswith(told)] != []


def test_programs_and_schemas_are_those_of_the_package() -> None:
    assert all(find_spec(f"services.{program}.__main__") for program in programs())
    assert schemas() == sorted(
        folder.name for folder in (SERVICES_FOLDER / "migrations").iterdir() if [*folder.glob("[0-9]*.py")]
    )
