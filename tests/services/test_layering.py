"""What the domain package and the functions may know of."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted([*(ROOT / "services").rglob("*.py"), *(ROOT / "workers").rglob("*.py")])
ABOVE = {"app", "assembly", "aws_cdk", "config", "constructs", "constructs_lib", "local", "stacks", "tests"}


def imported(module: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: write imports out in full"
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(ROOT)))
def test_the_runtime_knows_nothing_of_the_infrastructure(module: Path) -> None:
    assert not imported(module) & ABOVE
    if module.is_relative_to(ROOT / "services"):
        assert "workers" not in imported(module)


def assert_runs(program: str) -> None:
    """In an interpreter of its own, with an empty environment."""
    done = subprocess.run(  # noqa: S603  # the test's own text
        [sys.executable, "-c", program], cwd=ROOT, env={}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


HANDLERS = [
    "workers.backups.handler",
    "workers.migrations.handler",
    "workers.notifications.handler",
    "workers.replay.handler",
    "workers.rotation.handler",
    "workers.sweeper.handler",
]


@pytest.mark.parametrize("handler", HANDLERS)
def test_functions_need_nothing_that_only_the_container_installs(handler: str) -> None:
    program = f"""
import sys
for name in ("fastapi", "opensearchpy", "pika", "prometheus_client", "psycopg_pool", "redis", "starlette", "uvicorn"):
    sys.modules[name] = None
import {handler}
"""
    assert_runs(program)


@pytest.mark.parametrize("module", ["services.api.__main__", "services.prometheus.__main__", *HANDLERS])
def test_importing_reads_no_setting(module: str) -> None:
    assert_runs(f"import {module}")
