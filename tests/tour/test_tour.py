"""The tour, replayed: every mistake is caught, and docs/tour.md says what came out."""

from collections.abc import Iterator

import pytest

from tests.tour.catalogue import Mistake, read
from tests.tour.document import DOCUMENT, contents, differences, sections_in
from tests.tour.replay import replay
from tests.tour.workshop import Workshop, workshop

MISTAKES = read()
HINT = "docs/tour.md is stale; type: make tour WRITE=1"


@pytest.fixture(scope="module")
def place() -> Iterator[Workshop]:
    with workshop() as made:
        yield made


@pytest.fixture(scope="module")
def page() -> str:
    return DOCUMENT.read_text(encoding="utf-8")


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda it: it.name)
def test_each_mistake_is_caught_as_the_page_shows(place: Workshop, page: str, mistake: Mistake) -> None:
    outcome = replay(place, mistake)
    assert outcome.complaints == [], outcome.output
    stale = differences(page, outcome)
    assert not stale, "\n".join([HINT, *stale])


def test_the_page_begins_with_its_contents(page: str) -> None:
    assert page.startswith(contents(MISTAKES)), HINT
    assert list(sections_in(page)) == [each.title for each in MISTAKES], HINT


def test_the_page_holds_for_every_machine(page: str) -> None:
    for folder in ("/home/", "/root/", "/tmp/", "/usr/", "/var/", "/opt/", str(DOCUMENT.parents[1])):  # noqa: S108
        assert folder not in page


def test_the_tour_shows_what_there_is_to_catch_mistakes() -> None:
    """Ten stops at least, by every kind of gate."""
    assert len(MISTAKES) >= 10
    assert {each.caught_by for each in MISTAKES} >= {
        "config rule",
        "config fields",
        "end-of-life gate",
        "cost gate",
        "order of stacks",
        "change classifier",
        "sweep",
        "contract test",
    }
    assert len({each.title for each in MISTAKES}) == len({each.name for each in MISTAKES}) == len(MISTAKES)
