"""What a person who types a configuration is helped with: fields are completed, shown with their units, and checked."""

import inspect
import subprocess
import sys
from collections.abc import Iterator

import pytest

from config.describe import sections
from config.section import Section
from constructs_lib.project import PROJECT_ROOT
from tests.support.language_server import LanguageServer, editing

TYPED = "\n".join(
    [
        *(f"from {section.__module__} import {section.__name__}" for section in sections()),
        *(f"{section.__name__}()" for section in sections()),
        "alarm = QueueConfig(depth_alarm_messages=7).depth_alarm_messages",
        'size = ServiceConfig(program="api", memory_mib=512).memory_mib',
        "",
    ]
)


@pytest.mark.parametrize("section", sections(), ids=lambda it: it.__name__)
def test_the_signature_names_every_field(section: type[Section]) -> None:
    parameters = inspect.signature(section).parameters
    assert list(parameters) == list(section.model_fields)
    assert {each.kind for each in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}


@pytest.fixture(scope="module")
def editor() -> Iterator[LanguageServer]:
    with editing(PROJECT_ROOT / "config" / "systems" / "typed.py", TYPED) as server:
        yield server


@pytest.mark.parametrize("section", sections(), ids=lambda it: it.__name__)
def test_an_editor_completes_every_field(section: type[Section], editor: LanguageServer) -> None:
    offered = editor.completions(f"\n{section.__name__}(")
    assert [name for name in section.model_fields if f"{name}=" not in offered] == []


def test_an_editor_shows_what_a_field_means_with_its_unit(editor: LanguageServer) -> None:
    assert "Memory of one task in MiB." in editor.shown("memory_mib=512).memory_mib")
    assert "Waiting messages" in editor.shown("depth_alarm_messages=7).depth_alarm_messages")


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What mypy says of a module with the project's settings."""
    path = tmp_path_factory.mktemp("typed") / "typed.py"
    path.write_text(
        "from config.model import Lifecycle, Nat, NetworkConfig, QueueConfig, Without\n"
        "QueueConfig(depth_alarm_messages=10, retention_days=7)\n"
        "QueueConfig(depth_alarm_messages=10, retention=7)\n"
        "QueueConfig(depth_alarm_messages='ten')\n"
        "QueueConfig(retention_days=7)\n"
        "NetworkConfig(cidr='10.0.0.0/16', zones=2, nat='gateway')\n"
        "NetworkConfig(cidr='10.0.0.0/16', zones=2, nat=Nat.GATEWAY)\n"
        "Without('no reason by name')\n"
        "lifecycle: int = Lifecycle.RETAIN\n"
    )
    run = subprocess.run(  # noqa: S603  # only the module above
        [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", str(path)],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    return run.stdout


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (3, 'Unexpected keyword argument "retention" for "QueueConfig"'),
        (4, 'Argument "depth_alarm_messages" to "QueueConfig" has incompatible type "str"; expected "int"'),
        (5, 'Missing named argument "depth_alarm_messages" for "QueueConfig"'),
        (6, 'Argument "nat" to "NetworkConfig" has incompatible type "str"; expected "Nat"'),
        (8, 'Too many positional arguments for "Without"'),
    ],
)
def test_mypy_refuses_what_pydantic_would(line: int, said: str, checked: str) -> None:
    assert [each for each in checked.splitlines() if f"typed.py:{line}: error: " in each and said in each], checked


@pytest.mark.parametrize("line", [2, 7])
def test_mypy_accepts_what_is_right(line: int, checked: str) -> None:
    assert f"typed.py:{line}:" not in checked
