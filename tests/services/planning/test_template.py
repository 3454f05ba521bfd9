"""Templates are filled in strictly, or not at all."""

import tracemalloc

import pytest

from services.planning import template as templates
from services.planning.template import TemplateError, Value


def render(template: str, values: dict[str, Value], *, max_bytes: int = 1000) -> str:
    return templates.render(template, values, max_bytes=max_bytes)


@pytest.mark.parametrize(
    ("template", "rendered"),
    [
        ("Hello {name}", "Hello Ada"),
        ("{name}, {name}: {total}", "Ada, Ada: 3.5"),
        ("{{name}} is written {name}", "{name} is written Ada"),
        ("{{{name}}}", "{Ada}"),
        ("nothing to fill in", "nothing to fill in"),
        ("{quoted}", "{name}"),
    ],
)
def test_placeholders_are_replaced_and_doubled_braces_are_not(template: str, rendered: str) -> None:
    assert render(template, {"name": "Ada", "total": 3.5, "quoted": "{name}"}) == rendered


def test_a_placeholder_without_a_value_is_named_beside_the_known_ones() -> None:
    with pytest.raises(TemplateError, match=r"without a value: \{city\}, \{street\}; known are: age, name"):
        render("{street} {name} {city} {city}", {"name": "Ada", "age": 36})


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("Hello {name", r"single '\{' at position 7"),
        ("Hello name}", r"single '\}' at position 11"),
        ("{}", "no name in the braces at position 1"),
        ("{name.__class__}", "no name in the braces at position 1"),
        ("{name!r:>10}", "no name in the braces at position 1"),
        ("{0}", "no name in the braces at position 1"),
        ("ok {first name}", "no name in the braces at position 4"),
    ],
)
def test_braces_that_are_no_placeholder_are_refused_with_their_place(template: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        render(template, {"name": "Ada", "0": "x"})


def test_of_many_placeholders_some_are_named() -> None:
    values: dict[str, Value] = {f"known{number}": 1 for number in range(7)}
    with pytest.raises(TemplateError) as raised:
        render("".join(f"{{wrong{number}}}" for number in range(1000)), values)
    assert str(raised.value) == (
        "has placeholders without a value: {wrong0}, {wrong100}, {wrong101}, {wrong102}, {wrong103} and 995 more; "
        "known are: known0, known1, known2, known3, known4 and 2 more"
    )


@pytest.mark.parametrize("template", ["{{{name}}} {name}", "ä{name}👋", "{number}", "{{}}"])
def test_a_text_of_just_the_most_bytes_is_rendered_and_one_more_is_not(template: str) -> None:
    values: dict[str, Value] = {"name": "Zoë", "number": -1.5}
    size = len(render(template, values).encode())
    assert render(template, values, max_bytes=size)
    with pytest.raises(TemplateError, match=f"is, with its values, {size} bytes long in UTF-8: at most {size - 1}"):
        render(template, values, max_bytes=size - 1)


def test_a_text_that_would_not_fit_into_memory_is_not_made() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(TemplateError, match="870000000 bytes"):
            render("{a}" * 87_000, {"a": "x" * 10_000}, max_bytes=256 * 1024)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000
