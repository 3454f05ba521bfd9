"""Installed servers are found wherever packages put them, and a missing one is named with what to type."""

from collections.abc import Callable
from pathlib import Path

import pytest

from local import programs
from local.errors import LocalError

Install = Callable[[str, str], Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a program into one of the folders `before`, `path` and `after`, all empty at first."""
    for name in ("before", "path", "after"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(programs, "_BEFORE_PATH", (str(tmp_path / "before"),))
    monkeypatch.setattr(programs, "_AFTER_PATH", (str(tmp_path / "after"),))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))

    def install(folder: str, name: str) -> Path:
        path = tmp_path / folder / name
        path.touch(mode=0o755)
        return path

    return install


@pytest.mark.parametrize(("installed", "preferred"), [("redis-server", "valkey-server"), ("valkey-server", None)])
def test_either_engine_serves(install: Install, installed: str, preferred: str | None) -> None:
    assert programs.CACHE.find() is None
    path = install("after", installed)
    assert programs.CACHE.find(preferred=preferred) == programs.CACHE.require() == path


def test_the_engine_that_is_asked_for_is_preferred(install: Install) -> None:
    redis, valkey = install("path", "redis-server"), install("after", "valkey-server")
    assert programs.CACHE.find(preferred="valkey-server") == valkey
    assert programs.CACHE.find(preferred="redis-server") == redis


def test_the_program_goes_before_a_wrapper_of_the_same_name(install: Install) -> None:
    install("path", "rabbitmq-server")
    program = install("before", "rabbitmq-server")
    assert programs.BROKER.find() == program


def test_what_is_missing_is_said_once_with_what_to_type(install: Install) -> None:
    install("path", "prometheus")
    types = ["AWS::APS::Workspace", "AWS::AmazonMQ::Broker", "AWS::S3::Bucket", "AWS::AmazonMQ::Broker"]
    assert programs.missing(types) == ["Amazon MQ needs rabbitmq-server; type: sudo apt-get install rabbitmq-server"]
    install("path", "rabbitmq-server")
    assert programs.missing(types) == ["Amazon MQ needs epmd; type: sudo apt-get install rabbitmq-server"]
    install("path", "epmd")
    assert programs.missing(types) == []


def test_a_server_that_is_needed_and_missing_cannot_be_used(install: Install) -> None:  # noqa: ARG001 - none is
    with pytest.raises(LocalError, match="ElastiCache needs redis-server or valkey-server; type: sudo apt-get install"):
        programs.CACHE.require()
