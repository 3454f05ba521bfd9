"""The environments of a system beside one another: a row per field, and which rows differ."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from config.describe import Described, fields_of, parts_of, shown
from config.load import environments_of, load
from config.model import SystemConfig
from config.problems import ConfigError
from config.section import Section, Without

ABSENT = "absent"
"""What stands for a section that an environment has not."""
PRESENT = "present"
"""What stands for one that it has, in a row of its own where others have it not."""
ANY = "*"
"""Stands in a path for every name of a mapping."""
# Part of a path; the second part says whether it is a name that a person has given.
_Step = tuple[str, bool]
_Path = tuple[_Step, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A field, and what it is in each environment."""

    field: str
    """Dotted path; `*` stands for every name of a mapping whose sections are alike in this field."""
    values: Mapping[str, str]
    """Values by environment, as people read them."""
    described: Described | None
    """What is known of the field; None of a section that is one of several, by name."""

    @property
    def differs(self) -> bool:
        """Whether the environments differ in it."""
        return len(set(self.values.values())) > 1


@dataclass(frozen=True, kw_only=True, slots=True)
class _Value:
    """What a field is in one environment."""

    text: str
    described: Described | None
    is_section: bool = False
    """Whether it only says that a section is there, or is not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sides:
    """A system's environments beside one another."""

    system: str
    """Its name."""
    environments: tuple[str, ...]
    """Their names, in the system's order."""
    rows: tuple[Row, ...]
    """In the order of the tree."""
    notes: Mapping[str, tuple[str, ...]]
    """By environment: what keeps it from being deployed as it stands, such as a certificate that is passed by -c."""


def side_by_side(system: str) -> Sides:
    """Return the environments of a system beside one another.

    What only a deployment can give, such as prod's certificate, is a note and no error.

    Raises:
        ConfigError: there is no such system, or fields of it have values that they do not take.
    """
    configs: dict[str, SystemConfig] = {}
    notes: dict[str, tuple[str, ...]] = {}
    for name, make in environments_of(system).items():
        try:
            configs[name] = load(system, name)
        except ConfigError as error:
            configs[name] = _values(make, error)
            notes[name] = tuple(str(problem) for problem in error.problems)
    return Sides(
        system=system, environments=tuple(configs), rows=tuple(_merged(list(_rows(configs)), configs)), notes=notes
    )


def _values(make: Callable[[], SystemConfig], refused: ConfigError) -> SystemConfig:
    """Return a configuration that breaks rules between its fields; of wrong fields there is nothing to show."""
    try:
        return SystemConfig.model_validate(make().model_dump(warnings=False))
    except Exception as error:  # whatever a person's module raises
        raise refused from error


def _rows(configs: Mapping[str, SystemConfig]) -> Iterator[tuple[_Path, Row]]:
    flat = {name: dict(_flat(config, ())) for name, config in configs.items()}
    for path in _ordered([list(found) for found in flat.values()]):
        first = next(found[path] for found in flat.values() if path in found)
        values = {name: found[path].text if path in found else ABSENT for name, found in flat.items()}
        if not first.is_section or ABSENT in values.values():
            yield path, Row(field=_text(path), values=values, described=first.described)


def _flat(section: Section, path: _Path) -> Iterator[tuple[_Path, _Value]]:
    """Yield each field below a section with its value; a section as such stands before its fields."""
    for described in fields_of(type(section)):
        value: object = getattr(section, described.name)
        place = (*path, (described.name, False))
        if isinstance(value, Without):
            yield place, _Value(text=f"without: {value.reason}", described=described)
        elif isinstance(value, Section):
            yield place, _Value(text=PRESENT, described=described, is_section=True)
            yield from _flat(value, place)
        elif isinstance(value, Mapping) and any(isinstance(each, Section) for each in value.values()):
            for name, each in value.items():
                yield (*place, (name, True)), _Value(text=PRESENT, described=None, is_section=True)
                yield from _flat(each, (*place, (name, True)))
        elif value is None and _is_section(type(section), described.name):
            yield place, _Value(text=ABSENT, described=described, is_section=True)
        else:
            yield place, _Value(text=shown(value), described=described)


def _is_section(kind: type[Section], name: str) -> bool:
    parts = parts_of(kind.model_fields[name].annotation)
    return any(isinstance(part, type) and issubclass(part, Section) for part in parts)


def _ordered(lists: Sequence[Sequence[_Path]]) -> list[_Path]:
    """Return the paths of all lists once, each behind the one that it stands behind in its own list."""
    found: list[_Path] = []
    for paths in lists:
        place = 0
        for path in paths:
            if path in found:
                place = found.index(path) + 1
            else:
                found.insert(place, path)
                place += 1
    return found


def _merged(rows: Sequence[tuple[_Path, Row]], configs: Mapping[str, SystemConfig]) -> Iterator[Row]:
    """Yield the rows, those once that are alike in every section of a mapping."""
    groups: dict[_Path, list[Row]] = {}
    for path, row in rows:
        groups.setdefault(_pattern(path), []).append(row)
    done: set[_Path] = set()
    for path, row in rows:
        pattern = _pattern(path)
        alike = groups[pattern]
        of_all = len(alike) > 1 and len(alike) == _names(pattern, configs)
        if not of_all or any(each.values != row.values for each in alike):
            yield row
        elif pattern not in done:
            done.add(pattern)
            yield Row(field=_text(pattern), values=row.values, described=row.described)


def _names(pattern: _Path, configs: Mapping[str, SystemConfig]) -> int:
    """Return how many sections a pattern stands for, over all environments; of nested mappings, the outer one."""
    outer = [step for step, _ in pattern[: next((at for at, (_, named) in enumerate(pattern) if named), 0)]]
    names: set[str] = set()
    for config in configs.values():
        found: object = config
        for step in outer:
            found = getattr(found, step, None)
        names |= set(found) if isinstance(found, Mapping) else set()
    return len(names)


def _pattern(path: _Path) -> _Path:
    return tuple((ANY, True) if named else (step, named) for step, named in path)


def _text(path: _Path) -> str:
    return ".".join(step for step, _ in path)
