"""The replaying function's time: for a database that resumes, and for what comes then."""

from constructs_lib.replay_function import TIMEOUT_SECONDS
from services import database
from workers.replay import handler

# For reading dead letters, at the least.
_READING_SECONDS = 5


def test_a_database_that_takes_long_leaves_time_for_reading_and_queuing() -> None:
    # The attempt that is under way when the patience ends comes on top of it.
    connecting = handler.PATIENCE_SECONDS + database.CONNECT_SECONDS
    kept_back = handler.QUEUING_SECONDS + handler.RESERVE_SECONDS
    assert connecting + _READING_SECONDS + kept_back <= TIMEOUT_SECONDS
