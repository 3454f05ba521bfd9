"""Copies of the repository for tests that change its files."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from constructs_lib.project import PROJECT_ROOT

_LEFT_OUT = (".git", ".local", "build", "cdk.out", "cdk.context.json", "__pycache__", ".*_cache", ".hypothesis")
# Large, and the same for every copy.
_SHARED = (".venv", "node_modules")


def copy_repository(to: Path, *, without: Sequence[str] = ()) -> None:
    """Copy the files that make the project to a folder that is not there yet; what is installed, it shares.

    without: patterns of names of files and folders to leave out besides.
    """
    shutil.copytree(PROJECT_ROOT, to, ignore=shutil.ignore_patterns(*_LEFT_OUT, *_SHARED, *without))
    for name in _SHARED:
        (to / name).symlink_to(PROJECT_ROOT / name)
