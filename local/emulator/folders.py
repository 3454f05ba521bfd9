"""The emulator's data folder: one owner at a time, emptied of what the last run left."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator

from local.emulator.options import Options
from local.emulator.processes import stop_left_behind
from local.errors import LocalError

# State of a former run: the services that knew what it means are gone with it. Images and logs are kept.
_EPHEMERAL = ("postgres", "run", "s3", "servers", "state", "tasks", "tmp")


@contextlib.contextmanager
def owned(options: Options) -> Iterator[None]:
    """Hold the data folder for this process, without what a former emulator left in it, running or stored.

    Raises:
        LocalError: another emulator holds it, or it cannot be written.
    """
    try:
        options.data.mkdir(parents=True, exist_ok=True)
        lock = os.open(options.data / "emulator.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise LocalError(f"the data folder {options.data} cannot be written: {error.strerror}") from error
    try:
        try:
            # The system lets go of it when this process ends, however it ends.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalError(f"another emulator uses {options.data}; stop it or choose another --data") from None
        stop_left_behind(options.data / "run")
        for name in _EPHEMERAL:
            shutil.rmtree(options.data / name, ignore_errors=True)
            (options.data / name).mkdir()
        # What XDG_RUNTIME_DIR must look like to be accepted as one.
        (options.data / "tmp" / "runtime").mkdir(mode=0o700)
        options.images.mkdir(exist_ok=True)
        options.logs.mkdir(exist_ok=True)
        options.recorded_only.unlink(missing_ok=True)
        yield
    finally:
        os.close(lock)
