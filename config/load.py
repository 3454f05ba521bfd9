"""From the names of a system and an environment to a configuration that can be trusted."""

import importlib
import pkgutil
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import cast

from pydantic import ValidationError

from config import systems, tree
from config.model import SystemConfig
from config.problems import ConfigError, Problem
from config.rules import check

Environments = Mapping[str, Callable[[], SystemConfig]]

# What may be given for one deployment on the command line (`-c name=value`), and the field it fills.
OVERRIDES: Mapping[str, tuple[str, str]] = {
    "certificate_arn": ("load_balancer", "certificate_arn"),
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
    fields = config.model_dump()
    without = []
    for name, value in overrides.items():
        section, field = OVERRIDES[name]
        if fields[section] is None:
            allowed = f"{config.system} has no {section} it could apply to; leave out -c {name}=…"
            without.append(Problem(field=name, value=value, allowed=allowed))
        else:
            fields[section][field] = value
    if without:
        raise ConfigError(f"configuration {config.system}/{config.environment}", without)
    return SystemConfig.model_validate(fields)


def _problems(error: ValidationError) -> list[Problem]:
    section = tree.path_of(error.title)
    problems = []
    for fault in error.errors(include_url=False):
        path = tree.without_tags((*section, *map(str, fault["loc"])))
        field = ".".join(path)
        if tree.ANY_KEY in path or section == (error.title,):
            field += f" ({_place(error)})"
        if fault["type"] == "missing":
            problems.append(Problem(field=field, allowed="is missing: give it a value"))
        elif fault["type"] in _RANGE_FAULTS and tree.limits(path):
            problems.append(Problem(field=field, value=fault["input"], allowed=f"out of range; {_allowed_range(path)}"))
        else:
            allowed = fault["msg"].removeprefix("Value error, ") + _hint(fault["type"], path)
            problems.append(Problem(field=field, value=fault["input"], allowed=allowed))
    return problems


def _hint(fault: str, path: tree.Path) -> str:
    """Return what may be there instead, where the fault itself does not say it."""
    section = tree.section_of(path)
    if fault == "extra_forbidden":
        return f"; allowed: {', '.join(section.model_fields)}"
    if fault.startswith(("int_", "float_")) and tree.limits(path):
        return f"; {_allowed_range(path)}"
    if fault == "string_pattern_mismatch" and path[-1] in section.model_fields:
        return f"; {section.model_fields[path[-1]].description}"
    return ""


def _mistake(error: Exception) -> Problem:
    """Say where a module of the configuration is wrong as Python, such as a misspelt name."""
    return Problem(field=_place(error), allowed=f"{type(error).__name__}: {error}")


def _place(error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.filename or ''}, line {error.lineno}"
    # The innermost line of a person's own: Python's library and installed packages raise on its behalf.
    others = (sys.base_prefix, sys.prefix, "<")
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(others)]
    return f"{(own or frames)[-1].filename}, line {(own or frames)[-1].lineno}"


# What a slip of the pen in a module of the configuration raises.
_MISTAKES = (AttributeError, ImportError, NameError, SyntaxError, TypeError)
_RANGE_FAULTS = frozenset({"greater_than_equal", "less_than_equal"})


def _allowed_range(path: tree.Path) -> str:
    limits = tree.limits(path)
    if "le" not in limits:
        return f"allowed: {limits['ge']} and more"
    return f"allowed: {limits['ge']} to {limits['le']}"
