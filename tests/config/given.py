"""Configurations that tests put in the place of a system's own."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from config import systems


def offer(
    monkeypatch: pytest.MonkeyPatch, environments: Mapping[str, object], *, system: str = "notifications"
) -> None:
    """Let a system have these environments."""
    module = ModuleType(f"config.systems.{system}")
    module.__dict__["ENVIRONMENTS"] = environments
    monkeypatch.setitem(sys.modules, module.__name__, module)


@contextmanager
def written(folder: Path, text: str, name: str = "written") -> Iterator[str]:
    """Put a module where systems are looked for, and yield the name of the system."""
    (folder / f"{name}.py").write_text(text)
    former = systems.__path__
    systems.__path__ = [*former, str(folder)]
    try:
        yield name
    finally:
        systems.__path__ = former
        sys.modules.pop(f"config.systems.{name}", None)
