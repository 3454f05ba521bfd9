"""The time of the function for API keys: for a database that resumes, and for what it is called for."""

from config.authentication import PROGRAMS
from constructs_lib.keys_function import TIMEOUT_SECONDS
from services import database
from services.settings import SETTINGS
from services.settings.parts import WithAuthentication
from workers.keys import handler


def test_a_database_that_takes_long_leaves_time_for_making_a_key() -> None:
    connecting = handler.PATIENCE_SECONDS + database.CONNECT_SECONDS
    assert connecting + database.STATEMENT_TIMEOUT_SECONDS <= TIMEOUT_SECONDS


def test_programs_that_may_ask_for_keys_are_those_that_do() -> None:
    assert {name for name, settings in SETTINGS.items() if issubclass(settings, WithAuthentication)} == PROGRAMS
