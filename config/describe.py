"""What is known of each field: its type, unit, range and default, and what its docstring says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen, MultipleOf
from pydantic.fields import FieldInfo

from config.model import SystemConfig
from config.section import Section

_COUNTED = (
    *("alarms", "connections", "copies", "dollars", "images", "invocations", "messages", "metrics", "nodes"),
    *("readers", "receives", "requests", "tasks", "tiers", "zones"),
)
# Words of a name or a docstring that say what a number counts.
_UNITS = {
    "seconds": "seconds",
    "minutes": "minutes",
    "hours": "hours",
    "hour": "hour of the day, UTC",
    "days": "days",
    "mib": "MiB",
    "gib": "GiB",
    "acu": "ACU",
    "units": "1/1024 vCPU",
    "percent": "%",
    "port": "TCP port",
    "status": "HTTP status",
    "prefix": "bits",
    "place": "place, from 1",
    **dict(zip(_COUNTED, _COUNTED, strict=True)),
}
_WORDS = re.compile(r"[a-z]+")
_TYPES = {"str": "text", "int": "whole number", "float": "number", "bool": "True or False", "NoneType": "None"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """A field of a section, in words."""

    name: str
    """Its name in the section."""
    type: str
    """What it takes."""
    unit: str
    """What a number counts; empty for all else."""
    allowed: str
    """Range, length or pattern; empty where its type says it all."""
    default: str
    """What it is when nothing is given; `required` where something has to be."""
    meaning: str
    """Its docstring."""


def fields_of(section: type[Section]) -> list[Described]:
    """Return the fields of a section in the order in which they stand in it."""
    return [
        Described(
            name=name,
            type=type_in_words(field.annotation),
            unit=unit_of(name, field),
            allowed=allowed(field),
            default="required" if field.is_required() else shown(field.default),
            meaning=" ".join((field.description or "").split()),
        )
        for name, field in section.model_fields.items()
    ]


def sections() -> list[type[Section]]:
    """Return all sections of the tree, each behind the first one that holds it."""
    found: dict[type[Section], None] = {}

    def visit(section: type[Section]) -> None:
        if section not in found:
            found[section] = None
            for field in section.model_fields.values():
                for part in parts_of(field.annotation):
                    if isinstance(part, type) and issubclass(part, Section):
                        visit(part)

    visit(SystemConfig)
    return list(found)


def parts_of(annotation: Any) -> Iterator[Any]:
    """Yield the types that an annotation is made of, itself first."""
    yield annotation
    for part in () if get_origin(annotation) is Literal else get_args(annotation):
        yield from parts_of(part)


def type_in_words(annotation: Any) -> str:
    """Return what an annotation takes, such as `whole number or None`."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is dict:
        words = f"{type_in_words(arguments[1])}, by name"
    elif origin is tuple:
        words = f"any number of {type_in_words(arguments[0])}"
    elif origin is Annotated:
        words = type_in_words(arguments[0])
    elif origin in (Union, UnionType):
        words = " or ".join(type_in_words(each) for each in arguments)
    elif values := _choices(annotation):
        words = " or ".join(f"`{value}`" for value in values)
    else:
        name = str(getattr(annotation, "__name__", annotation))
        words = _TYPES.get(name, name)
    return words


def unit_of(name: str, field: FieldInfo) -> str:
    """Return what a number counts, as its name says it, or else its docstring; empty for what is no number."""
    if not is_number(field.annotation):
        return ""
    if "_per_" in name:
        return name.replace("_", " ")
    words = [*reversed(name.split("_")), *_WORDS.findall((field.description or "").lower())]
    return next((_UNITS[word] for word in words if word in _UNITS), "")


def is_number(annotation: Any) -> bool:
    """Tell whether a field takes a number."""
    return any(
        part in (int, float) or (get_origin(part) is Literal and all(type(each) is int for each in get_args(part)))
        for part in parts_of(annotation)
    )


def allowed(field: FieldInfo) -> str:
    """Return range, length and pattern of what a field takes."""
    rules = [*field.metadata, *_inner_rules(field.annotation)]
    found = {type(rule): rule for rule in rules}
    said = []
    least, most = found.get(Ge), found.get(Le)
    if least and most:
        said.append(f"{_number(least.ge)} to {_number(most.le)}")
    elif least or most:
        said.append(f"{_number(least.ge)} and more" if least else f"up to {_number(most.le)}" if most else "")
    said += [f"more than {_number(rule.gt)}" for rule in rules if isinstance(rule, Gt)]
    said += [f"less than {_number(rule.lt)}" for rule in rules if isinstance(rule, Lt)]
    said += [f"in steps of {rule.multiple_of}" for rule in rules if isinstance(rule, MultipleOf)]
    shortest, longest = found.get(MinLen), found.get(MaxLen)
    if shortest or longest:
        said.append(f"{_length(shortest, longest)} {_counted(field.annotation)}")
    said += [f"`{pattern}`" for rule in rules if (pattern := getattr(rule, "pattern", None))]
    return "; ".join(said)


def shown(value: object) -> str:
    """Return a value as people read it, without quotation marks."""
    match value:
        case Enum():
            words = str(value.value)
        case Section():
            words = f"{type(value).__name__}()"
        case tuple():
            words = ", ".join(shown(each) for each in value) or "none"
        case dict():
            words = ", ".join(f"{key}: {shown(each)}" for key, each in value.items()) or "none"
        case float():
            words = f"{value:g}"
        case _:
            words = str(value) or "empty"
    return words


def _choices(annotation: Any) -> tuple[object, ...]:
    """Return the values that are all a field takes; none where it takes more."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(each.value for each in annotation)
    return ()


def _length(shortest: MinLen | None, longest: MaxLen | None) -> str:
    if shortest is None:
        return f"up to {longest.max_length}" if longest else ""
    return f"{shortest.min_length} to {longest.max_length}" if longest else f"{shortest.min_length} and more"


def _inner_rules(annotation: Any) -> Iterator[Any]:
    """Yield the rules of what may stand in a field beside None; those of a mapping's keys are another matter."""
    if get_origin(annotation) is Annotated:
        for rule in get_args(annotation)[1:]:
            yield from getattr(rule, "metadata", None) or (rule,)
    if get_origin(annotation) in (Union, UnionType):
        for each in get_args(annotation):
            yield from _inner_rules(each)


def _counted(annotation: Any) -> str:
    bare = [part for part in (get_args(annotation) or (annotation,)) if part is not NoneType]
    origins = {get_origin(annotation), *map(get_origin, bare)}
    return "of them" if origins & {dict, tuple} else "characters"


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and value >= 10_000 else str(value)  # noqa: PLR2004
