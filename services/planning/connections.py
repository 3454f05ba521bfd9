"""How the programs get at their database."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from psycopg import Connection

# Takes a connection that commits each statement, and gives it back.
Connections = Callable[[], AbstractContextManager[Connection[Any]]]
