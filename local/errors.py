"""Faults that people are told about in one message, without a traceback."""


class LocalError(Exception):
    """Something failed; the message says what, and what to type next."""

    exit_code = 1


class InputError(LocalError):
    """A flag or environment variable has a value that is not allowed."""

    exit_code = 2
