"""From the names of a system and an environment to a configuration that can be trusted."""

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from pydantic import ValidationError

from config import systems
from config.end_of_life import Calendar, past, uses
from config.faults import mistake, problems_of, refused_problems
from config.model import SystemConfig
from config.problems import ConfigError, Problem
from config.rules import check, check_tolerantly
from config.rules.sharing import shared_deployment
from config.section import Refused, Section, refused_sections

Environments = Mapping[str, Callable[[], SystemConfig]]

# What may be given for one deployment on the command line (`-c name=value`), and the field it fills.
OVERRIDES: Mapping[str, tuple[str, str]] = {
    "certificate_arn": ("load_balancer", "certificate_arn"),
    "telegram_base_url": ("channels", "telegram_base_url"),
    "webhook_hosts_allowed_inside": ("channels", "webhook_hosts_allowed_inside"),
}


def system_names() -> list[str]:
    """Return the names of all systems, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(systems.__path__))


def environments_of(system: str) -> Environments:
    """Return the environments of a system by name.

    Raises:
        ConfigError: there is no such system, or its modules are no valid Python.
    """
    with refused_sections() as refused, _forgetting(refused):
        found = _read(system)
    if refused:
        raise ConfigError(f"configuration {system}", refused_problems(refused, None))
    return found


def load(system: str, environment: str, overrides: Mapping[str, str] | None = None) -> SystemConfig:
    """Return the validated configuration of a system in an environment.

    All faults are told at once: those of single fields, and those of what fields may be only together, as far as the
    fields that a rule looks at are there.

    Args:
        system: name of the system.
        environment: name of one of its environments.
        overrides: values of `OVERRIDES` by their name there.

    Raises:
        ConfigError: the system or environment does not exist, or values in it are not allowed.
    """
    return _load(system, environment, overrides, None)


def load_on(
    calendar: Calendar, system: str, environment: str, overrides: Mapping[str, str] | None = None
) -> SystemConfig:
    """Return the validated configuration of a system in an environment, all of whose versions have support that day.

    Args:
        calendar: the day; the rest is as for `load`.

    Raises:
        ConfigError: as `load`; or versions are past their end, or never were.
    """
    return _load(system, environment, overrides, calendar)


def _load(
    system: str, environment: str, overrides: Mapping[str, str] | None, calendar: Calendar | None
) -> SystemConfig:
    subject = f"configuration {system}/{environment}"
    made: SystemConfig | None = None
    problems: list[Problem] = []
    with refused_sections() as refused, _forgetting(refused):
        try:
            made = _made(system, environment)
        except ConfigError as error:
            subject = error.subject
            problems = [] if _follows(error.__cause__, refused) else list(error.problems)
    problems = [*refused_problems(refused, made), *problems]
    if made is None:
        raise ConfigError(subject, problems)
    problems += _misnamed(made, system, environment)
    config, faults = _overridden(made, overrides or {})
    problems += faults
    if not refused:
        try:
            # A copy made with `model_copy(update=…)` has not been looked at.
            config = SystemConfig.model_validate(config.model_dump(warnings=False))
        except ValidationError as error:
            problems += problems_of(error)
        except (TypeError, ValueError) as error:
            problems.append(mistake(error, subject))
    if problems:
        found = check_tolerantly(config)
        narrower = {problem.field for problem in found}
        told = [problem for problem in problems if not (problem.is_range and problem.field in narrower)]
        told += _besides(found, told)
        raise ConfigError(subject, [*told, *_ended(config, calendar, told)])
    told = check(config)
    told += shared_deployment(config, _others(system, environment))
    if problems := [*told, *_ended(config, calendar, told)]:
        raise ConfigError(subject, problems)
    return config


def _ended(config: SystemConfig, calendar: Calendar | None, told: list[Problem]) -> list[Problem]:
    """Return the versions past their end on a day that nothing has been told of, as far as faults let them be read."""
    try:
        ended = [] if calendar is None else past(list(uses(config)), calendar)
    except (AttributeError, KeyError, TypeError):
        return []
    fields = {problem.field for problem in told}
    return [problem for problem in ended if problem.field not in fields]


def _besides(found: list[Problem], told: list[Problem]) -> list[Problem]:
    """Return the faults of places that nothing has been told of or below: a wrong value may break rules as well."""
    return [problem for problem in found if not any(f"{each.field}.".startswith(f"{problem.field}.") for each in told)]


@contextmanager
def _forgetting(refused: list[Refused]) -> Iterator[None]:
    """Let modules that were read meanwhile, and hold refused sections, be read anew by whoever asks next."""
    former = frozenset(sys.modules)
    try:
        yield
    finally:
        since = [name for name in sys.modules if name.startswith(f"{__package__}.") and name not in former]
        for name in since if refused else ():
            del sys.modules[name]


def _read(system: str) -> Environments:
    """Return the environments that a system's module offers, looked at as what a person has written there."""
    if system not in system_names():
        allowed = f"no such system; allowed: {', '.join(system_names())}"
        raise ConfigError("configuration", [Problem(field="system", value=system, allowed=allowed)])
    name = f"{systems.__name__}.{system}"
    subject = f"configuration {system}"
    try:
        module = importlib.import_module(name)
    except Exception as error:  # whatever a person's module raises
        raise ConfigError(subject, [mistake(error, name)]) from error
    field = f"{getattr(module, '__file__', name)}: ENVIRONMENTS"
    found: object = getattr(module, "ENVIRONMENTS", None)
    if not isinstance(found, Mapping) or not found:
        allowed = 'allowed: a mapping from names to functions, such as ENVIRONMENTS = {"dev": dev}'
        raise ConfigError(subject, [Problem(field=field, value=found, allowed=allowed)])
    allowed = "allowed: a function that returns the SystemConfig of this environment"
    if problems := [
        Problem(field=f"{field}[{name!r}]", value=make, allowed=allowed)
        for name, make in found.items()
        if not callable(make)
    ]:
        raise ConfigError(subject, problems)
    return found


def _made(system: str, environment: str) -> SystemConfig:
    """Return what the modules of a system make of an environment."""
    environments = _read(system)
    if environment not in environments:
        allowed = f"{system} has no such environment; allowed: {', '.join(map(str, environments))}"
        raise ConfigError("configuration", [Problem(field="env", value=environment, allowed=allowed)])
    make = environments[environment]
    subject = f"configuration {system}/{environment}"
    module = getattr(make, "__module__", f"{systems.__name__}.{system}")
    try:
        made: object = make()
    except Exception as error:  # whatever a person's module raises
        raise ConfigError(subject, [mistake(error, module)]) from error
    if not isinstance(made, SystemConfig):
        field = f"{module}: ENVIRONMENTS[{environment!r}]()"
        raise ConfigError(subject, [Problem(field=field, value=made, allowed="is no SystemConfig: return one")])
    return made


def _others(system: str, environment: str) -> Iterator[SystemConfig]:
    """Return a system's other environments, without those that are wrong: of these, whoever loads them is told."""
    for name in _read(system):
        if name != environment:
            with suppress(ConfigError):
                yield _made(system, name)


def _follows(error: BaseException | None, refused: list[Refused]) -> bool:
    """Tell whether a mistake is only that a refused section lacks a field that it was given no value for."""
    return isinstance(error, AttributeError) and any(error.obj is each.section for each in refused)


def _misnamed(made: SystemConfig, system: str, environment: str) -> list[Problem]:
    """Return how a configuration calls itself otherwise than it is asked for.

    With the names of another one, such as of what a module was copied from, a deployment would change its stacks.
    """
    # A module's name takes no hyphen, where a system's name takes no underscore.
    asked = {"system": system.replace("_", "-"), "environment": environment}
    return [
        Problem(
            field=field,
            value=made.__dict__[field],
            allowed=f"{system}/{environment} is asked for, and stacks are called by this; allowed: {name}",
        )
        for field, name in asked.items()
        if made.__dict__.get(field, name) != name
    ]


def _overridden(config: SystemConfig, overrides: Mapping[str, str]) -> tuple[SystemConfig, list[Problem]]:
    """Return the configuration with its overrides, and what is wrong with these."""
    problems = []
    for name, value in overrides.items():
        place, field = OVERRIDES[name]
        section: object = getattr(config, place)
        if section is None:
            allowed = f"{config.__dict__.get('system')} has no {place} it could apply to; leave out -c {name}=…"
            problems.append(Problem(field=name, value=value, allowed=allowed))
        # Given as a mapping, it has been refused with the whole tree.
        if not isinstance(section, Section):
            continue
        try:
            changed = type(section)(**{**section.__dict__, field: value})
        except ValidationError as error:
            # Of a section that is wrong by itself, the other faults have been told.
            own = [each for each in problems_of(error, type(section), (place,)) if each.field == f"{place}.{field}"]
            problems += own
        else:
            config = config.model_copy(update={place: changed})
    return config, problems
