"""Packages of the functions: complete, small, and equal for equal content."""

import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from constructs_lib import packaging
from constructs_lib.packaging import PackagingError, dependencies_package, services_package


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a package `services` of two modules."""
    services = tmp_path / "services"
    for name, text in {
        "__init__.py": "",
        "inner/module.py": "VALUE = 1\n",
        "__pycache__/module.cpython-313.pyc": "compiled",
        "Dockerfile": "FROM scratch\n",
        "requirements-functions.lock": "nothing==1.0\n",
    }.items():
        (services / name).parent.mkdir(parents=True, exist_ok=True)
        (services / name).write_text(text)
    monkeypatch.setattr(packaging, "PROJECT_ROOT", tmp_path)
    monkeypatch.setattr(packaging, "SERVICES_FOLDER", services)
    monkeypatch.setattr(packaging, "DEPENDENCIES_LOCK", services / "requirements-functions.lock")
    monkeypatch.setattr(packaging, "BUILD_FOLDER", tmp_path / "build")
    return tmp_path


@pytest.mark.usefixtures("project")
def test_services_are_packed_as_a_layer() -> None:
    """Lambda puts a layer's `python/` on the path; what only the container needs stays out."""
    with zipfile.ZipFile(services_package()) as archive:
        assert archive.namelist() == ["python/services/__init__.py", "python/services/inner/module.py"]


def test_equal_content_gives_an_equal_file(project: Path) -> None:
    """Else every synthesis on another machine would deploy every function anew."""
    first = services_package()
    content = first.read_bytes()
    first.unlink()
    (project / "services" / "inner" / "module.py").touch()
    assert services_package() == first
    assert first.read_bytes() == content


def test_changed_content_gives_another_file(project: Path) -> None:
    first = services_package()
    (project / "services" / "inner" / "module.py").write_text("VALUE = 2\n")
    assert services_package() != first


@pytest.mark.usefixtures("project")
def test_dependencies_are_made_once_for_lambdas_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def install(command: list[str], **_: Any) -> None:
        commands.append(command)
        (target,) = (word.removeprefix("--target=") for word in command if word.startswith("--target="))
        (Path(target) / "package.py").write_text("")

    monkeypatch.setattr(subprocess, "run", install)
    with zipfile.ZipFile(dependencies_package()) as archive:
        assert archive.namelist() == ["python/package.py"]
    dependencies_package()
    (command,) = commands
    assert "--python-platform=aarch64-manylinux_2_34" in command
    assert "--python-version=3.13" in command
    assert "--require-hashes" in command


def test_a_failed_installation_says_why_and_leaves_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(command: list[str], **_: Any) -> None:
        raise subprocess.CalledProcessError(1, command, stderr="no such version")

    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(PackagingError, match="no such version"):
        dependencies_package()
    assert not list((project / "build").glob("*"))
