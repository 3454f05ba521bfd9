"""The life of notifications, whatever happens in whichever order.

Hypothesis makes up the stories and shortens one that goes wrong. Every run tells the same; others, as many per volume
as wanted, are told with `LIFE_STORIES=2000 pytest tests/services/test_life.py`.
"""

import logging
import os

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.services.life.story import Life
from tests.support.postgres import TestDatabase

STORIES = int(os.environ.get("LIFE_STORIES", "0"))


# Seconds, unless one goes wrong: then it takes minutes to find the shortest like it.
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("volume", range(6))
def test_whatever_happens_each_notification_is_sent_once_or_has_failed(
    database: TestDatabase, caplog: pytest.LogCaptureFixture, volume: int
) -> None:
    # A story that goes wrong is told in full: what was logged in all those before is not to stand beside it.
    caplog.set_level(logging.CRITICAL)
    life = type("Life", (Life,), {"database": database})
    run_state_machine_as_test(
        life if STORIES else seed(volume)(life),
        settings=settings(
            max_examples=STORIES or 40,
            stateful_step_count=50,
            derandomize=False,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
