"""Where a container may write: nowhere but to its volumes, if its definition says that its root is read-only.

Only a volume at `/tmp` can be honoured: a process of this machine finds any other path where the machine has it.
A container's user and its capabilities are kept in mind only: without root there is no other user to be.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local.emulator.tasks import read_only

_TEMPORARY = "/tmp"  # noqa: S108 - a path of the container


def temporary_folder(definition: Mapping[str, Any], folder: Path) -> Path:
    """What stands for the container's `/tmp`: of a read-only one, a folder that is no volume is not written to.

    Raises:
        ValueError: the definition has a volume elsewhere.
    """
    points = [str(point.get("containerPath")) for point in definition.get("mountPoints") or []]
    if others := [point for point in points if point != _TEMPORARY]:
        raise ValueError(f"a volume at {', '.join(others)}: the embedded cloud knows volumes at {_TEMPORARY} only")
    if not points:
        return folder
    volume = folder / "tmp"
    volume.mkdir(exist_ok=True)
    return volume


def confined(definition: Mapping[str, Any], arguments: Sequence[str], *, writable: Sequence[Path]) -> list[str]:
    """The command of a container, such that it writes to `writable` only if its root file system is read-only.

    On a kernel without Landlock, which Linux has since 5.13, it may write wherever its user may.
    """
    if not definition.get("readonlyRootFilesystem") or not read_only.landlock_version():
        return [*arguments]
    return [sys.executable, "-I", "-S", read_only.__file__, *map(str, writable), "--", *arguments]
