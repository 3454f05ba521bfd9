"""Templates are filled in strictly, or not at all."""

import pytest

from services.planning.template import TemplateError, render


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
