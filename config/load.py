"""From the names of a system and an environment to a configuration that can be trusted."""

import importlib
import pkgutil
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from config import systems
from config.model import SystemConfig
from config.problems import ConfigError, Problem
from config.rules import check

Environments = Mapping[str, Callable[[], SystemConfig]]

# What may be given for one deployment on the command line (`-c name=value`), and the field it fills.
OVERRIDES: Mapping[str, tuple[str, str]] = {
    "certificate_arn": ("api", "certificate_arn"),
    "telegram_base_url": ("channels", "telegram_base_url"),
}


def system_names() -> list[str]:
    """Return the names of all systems, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(systems.__path__))


def environments_of(system: str) -> Environments:
    """Return the environments of a system by name.

    Raises:
        ConfigError: there is no such system, or its modules are no valid Python.
    """
    if system not in system_names():
        allowed = f"no such system; allowed: {', '.join(system_names())}"
        raise ConfigError("configuration", [Problem(field="system", value=system, allowed=allowed)])
    try:
        return cast("Environments", importlib.import_module(f"config.systems.{system}").ENVIRONMENTS)
    except _MISTAKES as error:
        raise ConfigError(f"configuration {system}", [_mistake(error)]) from error


def load(system: str, environment: str, overrides: Mapping[str, str] | None = None) -> SystemConfig:
    """Return the validated configuration of a system in an environment.

    Args:
        system: name of the system.
        environment: name of one of its environments.
        overrides: values of `OVERRIDES` by their name there.

    Raises:
        ConfigError: the system or environment does not exist, or values in it are not allowed.
    """
    environments = environments_of(system)
    if environment not in environments:
        allowed = f"{system} has no such environment; allowed: {', '.join(environments)}"
        raise ConfigError("configuration", [Problem(field="env", value=environment, allowed=allowed)])
    subject = f"configuration {system}/{environment}"
    try:
        made = environments[environment]()
        if not isinstance(made, SystemConfig):
            raise ConfigError(subject, [Problem(field=subject, value=made, allowed="is no SystemConfig: return one")])
        config = _overridden(made, overrides or {})
    except ValidationError as error:
        raise ConfigError(subject, _problems(error)) from error
    except _MISTAKES as error:
        raise ConfigError(subject, [_mistake(error)]) from error
    if problems := check(config):
        raise ConfigError(subject, problems)
    return config


def _overridden(config: SystemConfig, overrides: Mapping[str, str]) -> SystemConfig:
    if not overrides:
        return config
    tree = config.model_dump()
    for name, value in overrides.items():
        section, field = OVERRIDES[name]
        tree[section][field] = value
    return SystemConfig.model_validate(tree)


def _problems(error: ValidationError) -> list[Problem]:
    section = _section_path(error.title)
    problems = []
    for fault in error.errors(include_url=False):
        path = (*section, *map(str, fault["loc"]))
        field = ".".join(path)
        if fault["type"] == "missing":
            problems.append(Problem(field=field, allowed="is missing: give it a value"))
        elif fault["type"] in _RANGE_FAULTS:
            problems.append(Problem(field=field, value=fault["input"], allowed=f"out of range; {_allowed_range(path)}"))
        else:
            allowed = fault["msg"].removeprefix("Value error, ") + _hint(fault["type"], path)
            problems.append(Problem(field=field, value=fault["input"], allowed=allowed))
    return problems


def _hint(fault: str, path: tuple[str, ...]) -> str:
    """Return what may be there instead, where the fault itself does not say it."""
    if fault == "extra_forbidden":
        return f"; allowed: {', '.join(_section(path).model_fields)}"
    if fault.startswith(("int_", "float_")) and _limits(path):
        return f"; {_allowed_range(path)}"
    if fault == "string_pattern_mismatch":
        return f"; {_section(path).model_fields[path[-1]].description}"
    return ""


def _mistake(error: Exception) -> Problem:
    """Say where a module of the configuration is wrong as Python, such as a misspelt name."""
    if isinstance(error, SyntaxError):
        place, line = error.filename or "", error.lineno
    else:
        # The innermost line of a person's own: Python's library and installed packages raise on its behalf.
        others = (sys.base_prefix, sys.prefix, "<")
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if not frame.filename.startswith(others)]
        place, line = (own or frames)[-1].filename, (own or frames)[-1].lineno
    return Problem(field=f"{place}, line {line}", allowed=f"{type(error).__name__}: {error}")


# What a slip of the pen in a module of the configuration raises.
_MISTAKES = (AttributeError, ImportError, NameError, SyntaxError, TypeError)
_RANGE_FAULTS = frozenset({"greater_than_equal", "less_than_equal"})


def _section_path(title: str) -> tuple[str, ...]:
    """Return where in the tree the class of that name stands: sections are validated when they are made."""
    return tuple(name for name, field in SystemConfig.model_fields.items() if _name(field.annotation) == title)


def _name(annotation: Any) -> str | None:
    return getattr(annotation, "__name__", None)


def _section(path: tuple[str, ...]) -> type[BaseModel]:
    """Return the class of the section that a field stands in."""
    model: type[BaseModel] = SystemConfig
    for name in path[:-1]:
        model = cast("type[BaseModel]", model.model_fields[name].annotation)
    return model


def _limits(path: tuple[str, ...]) -> dict[str, float]:
    metadata = _section(path).model_fields[path[-1]].metadata
    return {limit: getattr(rule, limit) for rule in metadata for limit in ("ge", "le") if hasattr(rule, limit)}


def _allowed_range(path: tuple[str, ...]) -> str:
    limits = _limits(path)
    return f"allowed: {limits['ge']} to {limits['le']}"
