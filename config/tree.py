"""Where in the configuration tree a section stands, and which fields it has: what messages about it are made of."""

from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from config.model import SystemConfig
from config.section import Section

# Stands for the key of a section that there may be several of.
ANY_KEY = "*"
Path = tuple[str, ...]


def path_of(section: type[Section]) -> Path:
    """Return the path of the sections of a class.

    A section may be made without ever coming to stand in a tree. One that there may be several of has `*` for its key,
    and one that stands in several places only its class's name.
    """
    if section is SystemConfig:
        return ()
    found = {path for path, each in _sections(SystemConfig, ()) if each is section}
    return found.pop() if len(found) == 1 else (section.__name__,)


def place_of(section: Section, tree: object) -> Path | None:
    """Return the path of this very section in a tree that may be wrong elsewhere; None where it is not there."""
    if tree is section:
        return ()
    parts: Mapping[str, object] = {}
    if isinstance(tree, Section):
        parts = tree.__dict__
    elif isinstance(tree, Mapping):
        parts = {str(key): part for key, part in tree.items()}
    elif isinstance(tree, list | tuple):
        parts = {str(number): part for number, part in enumerate(tree)}
    for name, part in parts.items():
        if (rest := place_of(section, part)) is not None:
            return (name, *rest)
    return None


def without_tags(path: Path, root: type[Section] = SystemConfig) -> Path:
    """Return a path below a section without the tags that tell apart what may stand in one place, such as `aurora`."""
    return tuple(name for name, _ in _steps(path, root))


def section_of(path: Path, root: type[Section] = SystemConfig) -> type[Section]:
    """Return the class of the section that a field below another one stands in."""
    *_, (_, section) = [("", root), *_steps(path[:-1], root)]
    return section if section is not None else root


def limits(path: Path, root: type[Section] = SystemConfig) -> dict[str, float]:
    """Return the least (`ge`) and the most (`le`) that a field takes, where it has such bounds."""
    field = section_of(path, root).model_fields.get(path[-1])
    rules = field.metadata if field else []
    return {limit: getattr(rule, limit) for rule in rules for limit in ("ge", "le") if hasattr(rule, limit)}


def _steps(path: Sequence[str], root: type[Section]) -> list[tuple[str, type[Section] | None]]:
    """Return each name of a path with the section it leads to; a tag of a union only settles which one."""
    steps: list[tuple[str, type[Section] | None]] = []
    section: type[Section] | None = root
    choices: dict[str, type[Section]] = {}
    awaits_key = False
    for name in path:
        if awaits_key:
            awaits_key = False
        elif name in choices:
            section, choices = choices[name], {}
            steps[-1] = (steps[-1][0], section)
            continue
        else:
            field = section.model_fields.get(name) if section else None
            awaits_key = field is not None and get_origin(field.annotation) is dict
            members = list(_members(field.annotation)) if field else []
            choices = {_tag(each): each for each in members} if len(members) > 1 else {}
            section = members[0] if members else None
        steps.append((name, section))
    return steps


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
