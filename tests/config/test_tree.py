"""Every section of the tree can be named in a message, whatever it stands in."""

from collections.abc import Iterator
from typing import Any

import pytest

from config import tree
from config.load import environments_of, system_names
from config.model import InstanceConfig, Nat, NetworkConfig, ServiceConfig, SystemConfig, Uses
from config.section import Section


def sections(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Section]]:
    if isinstance(value, Section):
        if path:
            yield path, value
        for name in type(value).model_fields:
            yield from sections(getattr(value, name), (*path, name))
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from sections(each, (*path, key))


def all_sections() -> dict[type[Section], tuple[str, ...]]:
    found: dict[type[Section], tuple[str, ...]] = {}
    for system in system_names():
        for make in environments_of(system).values():
            found |= {type(section): path for path, section in sections(make())}
    return found


@pytest.mark.parametrize(("kind", "place"), all_sections().items(), ids=lambda value: getattr(value, "__name__", None))
def test_a_section_is_found_by_its_class(kind: type[Section], place: tuple[str, ...]) -> None:
    path = tree.path_of(kind)
    shown = tree.without_tags(path)
    if shown != (kind.__name__,):
        assert tree.section_of((*path, "any")) is kind
        assert len(shown) == len(place)
        assert all(name in (given, tree.ANY_KEY) for name, given in zip(shown, place, strict=True))


def test_fields_of_the_root_have_no_path() -> None:
    assert tree.path_of(SystemConfig) == ()
    assert tree.section_of(("owner",)) is SystemConfig


def test_bounds_are_found_behind_a_key_and_a_tag() -> None:
    assert tree.limits(("databases", "orders", "aurora", "max_acu")) == {"ge": 1, "le": 256}
    assert tree.limits(("databases", "name", "instance", "storage_gib")) == {"ge": 20, "le": 59_578}
    assert tree.without_tags(("databases", "orders", "aurora", "max_acu")) == ("databases", "orders", "max_acu")


def test_a_section_is_found_where_it_stands() -> None:
    config = environments_of("platform")["dev"]()
    assert tree.place_of(config.services["scheduler"].uses, config) == ("services", "scheduler", "uses")
    assert tree.place_of(config, config) == ()
    assert tree.place_of(NetworkConfig(cidr="10.0.0.0/16", zones=2, nat=Nat.NONE), config) is None


def test_fields_are_found_below_a_section() -> None:
    assert tree.limits(("storage_gib",), InstanceConfig) == {"ge": 20, "le": 59_578}
    assert tree.section_of(("uses", "cache"), ServiceConfig) is Uses
