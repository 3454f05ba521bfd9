"""Reading settings from the environment: every process does it once, when it starts."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Port = Annotated[int, Field(ge=1, le=65535)]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class SettingsError(ValueError):
    """The environment lacks a variable or holds an unusable value; the message names every one of them."""


class Variables(BaseModel):
    """Fields are read from environment variables of the same name in capitals."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=str.upper)


class Process(Variables):
    """What every process reads.

    A field whose type is a class of Variables has no variable of its own: it groups those of that class. If it is a
    union of such classes, the first is the usual form, and the others are what a person may give instead.
    """

    # Variables that the SDK or Powertools read by themselves, so that no field here does.
    required_by_libraries: ClassVar[frozenset[str]] = frozenset()
    optional_for_libraries: ClassVar[frozenset[str]] = frozenset()

    app_env: Text
    log_level: LogLevel = "INFO"
    powertools_service_name: Text

    @classmethod
    def required_variables(cls) -> frozenset[str]:
        """Variables the process does not work without."""
        return _names(cls, required=True) | cls.required_by_libraries

    @classmethod
    def optional_variables(cls) -> frozenset[str]:
        """Variables the process reads when they are there."""
        return _names(cls, required=False) | cls.optional_for_libraries

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Reads the variables; one that is empty counts as missing.

        Raises SettingsError naming each missing or unusable variable.
        """
        present = {name: value for name, value in environment.items() if value.strip()}
        missing = [name for name in sorted(cls.required_by_libraries) if name not in present]
        problems = [f"{name} is missing: set this environment variable" for name in missing]
        # Each group finds its own among all variables.
        groups = {name.upper(): present for name, field in cls.model_fields.items() if _groups(field.annotation)}
        try:
            settings = cls.model_validate({**present, **groups})
        except ValidationError as error:
            problems += _explain(error, present)
        if problems:
            raise SettingsError("\n".join(problems))
        return settings


def _names(model: type[Variables], *, required: bool) -> frozenset[str]:
    names: set[str] = set()
    for name, field in model.model_fields.items():
        groups = _groups(field.annotation)
        if not groups and field.is_required() is required:
            names.add(name.upper())
        for number, group in enumerate(groups):
            if number == 0:
                names |= _names(group, required=required)
            elif not required:
                names |= _names(group, required=True) | _names(group, required=False)
    return frozenset(names)


def _groups(annotation: Any) -> list[type[Variables]]:
    """The classes of Variables that a field's type is made of."""
    return list(_walk(annotation))


def _walk(annotation: Any) -> Iterator[type[Variables]]:
    if isinstance(annotation, type) and issubclass(annotation, Variables):
        yield annotation
    for part in get_args(annotation):
        yield from _walk(part)


def _explain(error: ValidationError, environment: Mapping[str, str]) -> list[str]:
    lines = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        place = [str(part) for part in fault["loc"]]
        if fault["type"] == "missing":
            lines.append(f"{place[-1]} is missing: set this environment variable")
            continue
        # Within the groups that it is in; what follows leads into the variable's own JSON.
        depth = max(depth for depth, part in enumerate(place) if part in environment)
        name, inside = place[depth], "".join(f"{part}: " for part in place[depth + 1 :])
        lines.append(f"{name} is {environment[name]!r}: {inside}{fault['msg'][:1].lower()}{fault['msg'][1:]}")
    return lines
