"""One synthesis by `app.py`, with the project's checks or without: `python -m tests.synth_time.synthesis without`.

Without them, the modules that the checks are made of are not even imported: reading them is part of what checks cost.
There is no such switch in the product.
"""

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Self

from config.problems import ConfigError

WITH, WITHOUT = "with", "without"
CHECKS = ("assembly", "config.end_of_life", "config.rules", "gates", "stacks.versions")
"""Modules and packages that hold checks only: rules, ends of support, costs, the order of stacks."""


class FindNothing(tuple[()]):
    """Stand for every function and class of a check: what is made by calling it is empty, so that no fault is found.

    A class, because annotations may join those of checks with others.
    """

    __slots__ = ()

    def __new__(cls, *_: Any, **__: Any) -> Self:
        return super().__new__(cls)


class _Empty(ModuleType):
    """A module in which everything is a check that finds nothing."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        # Of a package, so that the modules in it are looked for.
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return FindNothing


class _EmptyLoader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Empty(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


class _EmptyFinder(MetaPathFinder):
    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        if not any(f"{fullname}.".startswith(f"{name}.") for name in CHECKS):
            return None
        return ModuleSpec(fullname, _EmptyLoader(), is_package=True)


def main(way: str) -> None:
    """Synthesize once, one way or the other."""
    if way == WITHOUT:
        sys.meta_path.insert(0, _EmptyFinder())
    app = importlib.import_module("app")
    if way == WITHOUT:
        # The one gate that the synthesis itself goes through.
        app.without_circle = lambda made, synthesize: synthesize(made)  # type: ignore[attr-defined]
    app.main()


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except ConfigError as error:
        sys.exit(str(error))
