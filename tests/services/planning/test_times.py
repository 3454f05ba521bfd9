"""Which times of a schedule are planned, and which are skipped after an outage."""

from datetime import UTC, datetime, timedelta

from services.planning.times import MAX_CAUGHT_UP, Rhythm, due

START = datetime(2030, 1, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_nothing_is_due_before_the_first_time() -> None:
    it = due(Rhythm(first_at=START, every_seconds=60), passed=0, now=after(-0.001))
    assert (it.times, it.passed, it.next_at) == ((), 0, START)


def test_a_single_time_is_due_once_and_then_never() -> None:
    rhythm = Rhythm(first_at=START)
    it = due(rhythm, passed=0, now=START)
    assert (it.times, it.passed, it.next_at) == (((1, START),), 1, None)
    assert due(rhythm, passed=1, now=after(10**9)).times == ()


def test_a_single_time_is_caught_up_however_late() -> None:
    assert due(Rhythm(first_at=START), passed=0, now=after(10**8)).times == ((1, START),)


def test_repetitions_keep_their_beat_however_late_they_are_looked_at() -> None:
    rhythm = Rhythm(first_at=START, every_seconds=60)
    first = due(rhythm, passed=0, now=after(59))
    assert (first.times, first.next_at) == (((1, START),), after(60))
    second = due(rhythm, passed=first.passed, now=after(95))
    assert (second.times, second.next_at) == (((2, after(60)),), after(120))


def test_the_count_ends_a_schedule() -> None:
    rhythm = Rhythm(first_at=START, every_seconds=10, count=3)
    it = due(rhythm, passed=1, now=after(1000))
    assert (it.times, it.passed, it.next_at) == (((2, after(10)), (3, after(20))), 3, None)


def test_after_an_outage_the_latest_times_are_planned_and_the_older_ones_skipped() -> None:
    it = due(Rhythm(first_at=START, every_seconds=1), passed=5, now=after(3600))
    assert len(it.times) == MAX_CAUGHT_UP
    assert it.times[0] == (3601 - MAX_CAUGHT_UP + 1, after(3600 - MAX_CAUGHT_UP + 1))
    assert it.times[-1] == (3601, after(3600))
    assert (it.passed, it.skipped, it.next_at) == (3601, 3601 - 5 - MAX_CAUGHT_UP, after(3601))


def test_exactly_the_bound_is_caught_up_in_full() -> None:
    it = due(Rhythm(first_at=START, every_seconds=1), passed=0, now=after(MAX_CAUGHT_UP - 1))
    assert (len(it.times), it.skipped) == (MAX_CAUGHT_UP, 0)


def test_skipped_times_count_towards_the_end() -> None:
    it = due(Rhythm(first_at=START, every_seconds=1, count=MAX_CAUGHT_UP + 2), passed=0, now=after(10**6))
    assert (it.passed, it.skipped, it.next_at) == (MAX_CAUGHT_UP + 2, 2, None)
