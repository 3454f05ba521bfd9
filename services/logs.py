"""Structured logs: one JSON object per line, in the same form from every process."""

import json
import logging
import traceback
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from psycopg import Error

from services.failures import UnavailableError

# asyncio tells of what is raised where nobody waits for it, in tasks and in callbacks.
_PASSED_ON = {"services", "uvicorn", "asyncio", "psycopg", "alembic", "pika"}


def configure_logging(service: str, level: str) -> Logger:
    """Sends the records of this package and of the libraries that have something to tell through one JSON logger."""
    logger = Logger(service=service, level=level, utc=True, json_serializer=_one_line)
    for name in _PASSED_ON:
        logging.getLogger(name)
    copy_config_to_registered_loggers(logger, include=set(_PASSED_ON))
    # httpx logs every URL at INFO, and some hold a token or a signature; psycopg every step of a connection at DEBUG,
    # and asyncio the selector it has chosen.
    for name in ("httpx", "psycopg", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # pika logs each failure to connect at several places; it also raises it, and that is logged once.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    return logger


def _one_line(record: dict[str, Any]) -> str:
    """One line of ASCII, whatever is in it: no terminal and no reader of lines takes anything in it for an order."""
    return json.dumps(record, separators=(",", ":"), default=str)


def described(error: BaseException) -> dict[str, Any]:
    """What an error that was to be expected may tell the log: its text, if that is safe, or where it comes from."""
    return {"reason": str(error)} if isinstance(error, UnavailableError) else without_values(error)


def without_values(error: BaseException) -> dict[str, Any]:
    """What an unexpected error may tell the log: its type and place, never its text.

    Messages of validation and of SQL errors quote values, a notification's body among them.
    """
    frames = traceback.extract_tb(error.__traceback__)
    details: dict[str, Any] = {
        "error": f"{type(error).__module__}.{type(error).__qualname__}",
        "at": [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if isinstance(error, Error):
        details["sqlstate"] = error.sqlstate
    return details
