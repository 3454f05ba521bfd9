"""One `up` or `down` at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from local.errors import LocalError
from local.settings import Settings


@contextmanager
def exclusive(settings: Settings) -> Iterator[None]:
    """Hold the folder for one command; the system lets go of it however the command ends.

    Raises:
        LocalError: another command holds it, or the folder cannot be written.
    """
    try:
        settings.directory.mkdir(parents=True, exist_ok=True)
        file = (settings.directory / "operator.lock").open("w")
    except OSError as error:
        raise LocalError(f"{settings.directory} cannot be written: {error.strerror}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalError(f"another up or down is at work on {settings.directory}; wait for it") from None
        yield
