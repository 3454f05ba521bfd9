"""Where in the configuration tree a section stands, and which fields it has: what messages about it are made of."""

from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from config.model import SystemConfig
from config.section import Section

# Stands for the key of a section that there may be several of.
ANY_KEY = "*"
Path = tuple[str, ...]


def path_of(class_name: str) -> Path:
    """Return the path of the section made by that class.

    A fault is found while its section is made, before it has a place in the tree. So a section that there may be
    several of has `*` for its key, and one that stands in several places only its class's name.
    """
    if class_name == SystemConfig.__name__:
        return ()
    found = {path for path, section in _sections(SystemConfig, ()) if section.__name__ == class_name}
    return found.pop() if len(found) == 1 else (class_name,)


def without_tags(path: Path) -> Path:
    """Return a path without the tags that tell apart what may stand in one place, such as `aurora`."""
    return tuple(name for name, _ in _steps(path))


def section_of(path: Path) -> type[Section]:
    """Return the class of the section that a field stands in."""
    *_, (_, section) = [("", SystemConfig), *_steps(path[:-1])]
    return section if section is not None else SystemConfig


def limits(path: Path) -> dict[str, float]:
    """Return the least (`ge`) and the most (`le`) that a field takes, where it has such bounds."""
    field = section_of(path).model_fields.get(path[-1])
    rules = field.metadata if field else []
    return {limit: getattr(rule, limit) for rule in rules for limit in ("ge", "le") if hasattr(rule, limit)}


def _steps(path: Sequence[str]) -> list[tuple[str, type[Section] | None]]:
    """Return each name of a path with the section it leads to; a tag of a union only settles which one."""
    steps: list[tuple[str, type[Section] | None]] = []
    section: type[Section] | None = SystemConfig
    choices: dict[str, type[Section]] = {}
    awaits_key = False
    for name in path:
        if awaits_key:
            awaits_key = False
        elif name in choices:
            section, choices = choices[name], {}
            steps[-1] = (steps[-1][0], section)
            continue
        elif section is SystemConfig and (by_class := next(_classes(name), None)):
            section, choices = by_class, {}
        else:
            field = section.model_fields.get(name) if section else None
            awaits_key = field is not None and get_origin(field.annotation) is dict
            members = list(_members(field.annotation)) if field else []
            choices = {_tag(each): each for each in members} if len(members) > 1 else {}
            section = members[0] if members else None
        steps.append((name, section))
    return steps


def _classes(name: str) -> Iterator[type[Section]]:
    return (section for _, section in _sections(SystemConfig, ()) if section.__name__ == name)


def _sections(section: type[Section], path: Path) -> Iterator[tuple[Path, type[Section]]]:
    for name, field in section.model_fields.items():
        key = (ANY_KEY,) if get_origin(field.annotation) is dict else ()
        members = list(_members(field.annotation))
        for member in members:
            tag = (_tag(member),) if len(members) > 1 else ()
            place = (*path, name, *key, *tag)
            yield place, member
            yield from _sections(member, place)


def _members(annotation: Any) -> Iterator[type[Section]]:
    """Yield the sections that may stand where something is annotated so."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    elif get_origin(annotation) is dict:
        yield from _members(get_args(annotation)[1])
    elif get_origin(annotation) is Annotated:
        yield from _members(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for each in get_args(annotation):
            yield from _members(each)


def _tag(section: type[Section]) -> str:
    kind = section.model_fields.get("kind")
    return str(kind.default) if kind else section.__name__
