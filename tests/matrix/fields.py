"""The fields of the configuration tree, and which of their values a set of configurations has.

A field's path is that of the sections above it, with `*` for any key and the section's name where one of several may
stand: `databases.*.AuroraConfig.readers`.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from config.model import Section, SystemConfig

ANY_KEY = "*"
NOTHING = "None"
SOMETHING = "something"
Seen = Mapping[str, Mapping[str, set[str]]]
"""By the path of a field, and by the path of where it stands in a configuration: its values."""


def declared(section: type[Section] = SystemConfig, above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and the annotation of every field below a section, sections among them."""
    for name, field in section.model_fields.items():
        path = f"{above}{name}"
        yield path, field.annotation
        members = _sections(field.annotation)
        below = f"{path}.{ANY_KEY}" if get_origin(_plain(field.annotation)) is dict else path
        for member in members:
            yield from declared(member, f"{below}.{member.__name__}." if len(members) > 1 else f"{below}.")


def wanted(annotation: Any) -> set[str]:
    """Every value that a field has to take in some configuration; empty where any two will do."""
    plain = _plain(annotation)
    values = {repr(value) for value in _choices(plain)}
    if get_origin(plain) is tuple:
        values = {way for value in _choices(get_args(plain)[0]) for way in (f"with {value!r}", f"without {value!r}")}
    sections = _sections(annotation) if get_origin(plain) is not dict else []
    if len(sections) > 1:
        values |= {section.__name__ for section in sections}
    if _is_optional(annotation):
        values |= {NOTHING} if values else {NOTHING, SOMETHING}
    return values


def seen(configs: Iterable[SystemConfig]) -> Seen:
    """The values that fields have in configurations."""
    found: dict[str, dict[str, set[str]]] = {}
    for config in configs:
        for path, place, annotation, value in _values(config, "", ""):
            found.setdefault(path, {}).setdefault(place, set()).update(_labels(annotation, value))
    return found


def missing(annotation: Any, places: Mapping[str, set[str]]) -> set[str] | None:
    """What a field is never set to in the place where it varies most; None where it is varied as it has to be."""
    ways = wanted(annotation)
    if _is_fixed(annotation):
        return None
    if ways:
        left = min((ways - values for values in places.values()), key=len, default=ways)
        return left or None
    if any(len(values - {SOMETHING}) > 1 for values in places.values()):
        return None
    former = sorted({value for values in places.values() for value in values - {SOMETHING}})
    return {f"two values; so far: {', '.join(former) or 'none'}"}


def _values(section: Section, path: str, place: str) -> Iterator[tuple[str, str, Any, Any]]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        yield f"{path}{name}", f"{place}{name}", field.annotation, value
        several = len(_sections(field.annotation)) > 1
        keyed = value.items() if isinstance(value, dict) else [("", value)]
        for key, each in keyed:
            if isinstance(each, Section):
                below = f"{path}{name}.{ANY_KEY}" if key else f"{path}{name}"
                tag = f".{type(each).__name__}" if several else ""
                yield from _values(each, f"{below}{tag}.", f"{place}{name}{f'.{key}' if key else ''}.")


def _labels(annotation: Any, value: Any) -> set[str]:
    if isinstance(value, dict):
        return {", ".join(f"{key}: {'' if isinstance(each, Section) else each}" for key, each in value.items())}
    if isinstance(value, Section):
        return {type(value).__name__, SOMETHING}
    if isinstance(value, tuple) and _choices(get_args(_plain(annotation))[0]):
        return {f"with {each!r}" for each in value} | {
            f"without {each!r}" for each in _choices(get_args(_plain(annotation))[0]) if each not in value
        }
    return {repr(value)} if value is None else {repr(value), SOMETHING}


def _choices(annotation: Any) -> tuple[Any, ...]:
    if annotation is bool:
        return (False, True)
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(annotation)
    return ()


def _is_optional(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType) and NoneType in get_args(annotation)


def _is_fixed(annotation: Any) -> bool:
    """Whether it is a section that is always there: what varies are its fields."""
    return isinstance(annotation, type) and issubclass(annotation, Section)


def _plain(annotation: Any) -> Any:
    """An annotation without `Annotated`, and without None beside it."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if _is_optional(annotation):
        (*others,) = (each for each in get_args(annotation) if each is not NoneType)
        return _plain(others[0]) if len(others) == 1 else annotation
    return annotation


def _sections(annotation: Any) -> list[type[Section]]:
    """The sections that may stand where something is annotated so, also by a key."""
    plain = _plain(annotation)
    if isinstance(plain, type) and issubclass(plain, Section):
        return [plain]
    if get_origin(plain) is dict:
        return _sections(get_args(plain)[1])
    if get_origin(plain) in (Union, UnionType):
        return [section for each in get_args(plain) for section in _sections(each)]
    return []
