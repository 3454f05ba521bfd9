"""How long a message that failed stays hidden."""

import pytest

from services.receiving import outage_delay_seconds, retry_delay_seconds


@pytest.mark.parametrize(("receive", "expected"), [(1, 5), (2, 10), (3, 20), (4, 40), (5, 80), (8, 640)])
def test_the_delay_doubles_with_each_receive(receive: int, expected: int) -> None:
    delays = [retry_delay_seconds(receive) for _ in range(200)]
    assert all(0.85 * expected <= delay <= 1.15 * expected for delay in delays)


def test_messages_that_failed_together_do_not_all_come_back_together() -> None:
    assert len({retry_delay_seconds(5) for _ in range(200)}) > 5


@pytest.mark.parametrize("receive", [9, 10, 100, 1000])
def test_the_delay_ends_at_a_quarter_of_an_hour(receive: int) -> None:
    assert retry_delay_seconds(receive) == 900


@pytest.mark.parametrize(("asked", "expected"), [(60, 60), (900, 900), (86_400, 900)])
def test_what_the_other_side_asks_for_is_heeded_within_the_bound(asked: int, expected: int) -> None:
    assert retry_delay_seconds(1, asked) == expected


def test_what_the_other_side_asks_for_shortens_nothing() -> None:
    assert retry_delay_seconds(5, 1) >= 72


def test_an_outage_of_twenty_minutes_uses_up_no_receives() -> None:
    delays = [outage_delay_seconds(receive) for receive in (1, 2, 3, 4)]
    assert delays == sorted(delays)
    assert delays[0] == 5
    assert sum(delays) >= 20 * 60
    assert outage_delay_seconds(1000) == 900
