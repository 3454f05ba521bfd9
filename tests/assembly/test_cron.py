"""Fields of AWS's cron expressions."""

import pytest

from assembly.cron import MONTHS, WEEKDAYS, Cron, numbers, parse


def test_an_expression_has_six_fields() -> None:
    assert parse("cron(0 9 ? * MON-FRI *)") == Cron(
        minute="0", hour="9", day_of_month="?", month="*", day_of_week="MON-FRI", year="*"
    )


@pytest.mark.parametrize("expression", ["", "0 9 * * *", "cron(0 9 * * *)", "rate(1 hour)", "cron(0 9 ? * MON-FRI *) "])
def test_anything_else_is_none(expression: str) -> None:
    assert parse(expression) is None


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("*", [1, 2, 3, 4, 5, 6, 7]),
        ("?", [1, 2, 3, 4, 5, 6, 7]),
        ("MON-FRI", [2, 3, 4, 5, 6]),
        ("mon,wed", [2, 4]),
        ("7,1", [1, 7]),
        ("FRI-MON", [1, 2, 6, 7]),
        ("MON-SUN", [1, 2, 3, 4, 5, 6, 7]),
        ("2/2", [2, 4, 6]),
        ("*/3", [1, 4, 7]),
    ],
)
def test_what_a_field_means(field: str, found: list[int]) -> None:
    assert numbers(field, 1, 7, WEEKDAYS) == found


def test_months_have_names_too() -> None:
    assert numbers("DEC-FEB", 1, 12, MONTHS) == [1, 2, 12]


@pytest.mark.parametrize("field", ["", "0", "8", "MON#2", "L", "1-9", "1/0", "1-2-3", "SOMEDAY"])
def test_what_is_not_understood_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        numbers(field, 1, 7, WEEKDAYS)
