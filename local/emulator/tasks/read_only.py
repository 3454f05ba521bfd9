"""Runs a command that may write below certain folders only: `python read_only.py FOLDER … -- COMMAND …`.

Linux's Landlock forbids the rest, to the process and to all that it starts, and whichever user it runs as; it also
gains no rights any more from a program that is setuid. What is open already stays open, its log for example.
This file is run as a script, so that a command starts as fast as it can: it imports nothing but the standard library.
https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import os
import struct
import sys
from collections.abc import Sequence

# The same on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1
_SET_NO_NEW_PRIVILEGES = 38
# LANDLOCK_ACCESS_FS_WRITE_FILE; REMOVE_DIR and REMOVE_FILE; MAKE_CHAR to MAKE_SYM.
_WRITE_FILE = 1 << 1
_CHANGE_FOLDER = sum(1 << bit for bit in range(4, 13))
# Since which version of Landlock there is what else.
_REFER, _REFER_SINCE = 1 << 13, 2
_TRUNCATE, _TRUNCATE_SINCE = 1 << 14, 3
# `/dev/null` and its like may be written to, but not made.
_DEVICES = "/dev"


def landlock_version() -> int:
    """The version of this kernel's Landlock; 0 where there is none."""
    try:
        return max(0, _call(_CREATE_RULESET, None, 0, _ASK_VERSION))
    except OSError:
        return 0


def forbid_writing(*, but: Sequence[str]) -> None:
    """Let this process write below the folders `but` only.

    Raises:
        OSError: this kernel cannot do that, or a folder does not exist.
    """
    version = landlock_version()
    on_files = _WRITE_FILE | (_TRUNCATE if version >= _TRUNCATE_SINCE else 0)
    every = on_files | _CHANGE_FOLDER | (_REFER if version >= _REFER_SINCE else 0)
    handled = struct.pack("=Q", every)
    ruleset = _call(_CREATE_RULESET, handled, len(handled), 0)
    for folder, access in [*((folder, every) for folder in but), (_DEVICES, on_files)]:
        opened = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", access, opened), 0)
        os.close(opened)
    if ctypes.CDLL(None, use_errno=True).prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")
    _call(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _call(number: int, *arguments: int | bytes | None) -> int:
    wide = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    answer: int = ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *wide)
    if answer < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return answer


def main(arguments: Sequence[str]) -> None:
    """Confine this process and become the command."""
    end = arguments.index("--")
    folders, command = arguments[:end], [*arguments[end + 1 :]]
    forbid_writing(but=folders)
    os.execvp(command[0], command)  # noqa: S606 - to become it is the purpose


if __name__ == "__main__":
    main(sys.argv[1:])
