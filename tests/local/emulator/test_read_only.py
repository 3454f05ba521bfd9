"""A command that may write to certain folders only."""

import subprocess
import sys
from pathlib import Path

import pytest

from local.emulator.tasks import read_only
from local.emulator.tasks.confinement import confined, temporary_folder

READ_ONLY = {"readonlyRootFilesystem": True}

pytestmark = pytest.mark.skipif(not read_only.landlock_version(), reason="this kernel has no Landlock")


def tried(script: str, *writable: Path) -> str:
    command = confined(READ_ONLY, ["/bin/sh", "-c", script], writable=writable)
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # the test's own command
    return done.stdout.strip()


def test_it_writes_to_its_folders_and_nowhere_else(tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    kept = tmp_path / "kept"
    kept.write_text("as it was")
    assert tried(f"cd {volume} && echo a > a && mkdir b && mv a b/c && cat b/c", volume) == "a"
    tried(f"echo other > {kept}; rm {kept}; mv {kept} {volume}; touch {tmp_path}/new; mkdir {tmp_path}/more", volume)
    assert kept.read_text() == "as it was"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["kept", "volume"]


def test_it_reads_runs_and_discards_as_before(tmp_path: Path) -> None:
    (tmp_path / "read").write_text("seen")
    assert tried(f"cat {tmp_path}/read; echo lost > /dev/null && {sys.executable} -c 'print(1)'") == "seen1"


def test_it_gains_no_rights_any_more() -> None:
    assert tried("grep NoNewPrivs /proc/self/status").split() == ["NoNewPrivs:", "1"]


def test_a_container_that_may_write_is_left_alone() -> None:
    assert confined({}, ["true"], writable=[]) == ["true"]


def test_volumes_elsewhere_are_refused(tmp_path: Path) -> None:
    """What they are mounted on, a process finds where the machine has it: it would fail in some other way."""
    point = {"containerPath": "/tmp"}  # noqa: S108  # a path of the container
    assert temporary_folder({"mountPoints": [point]}, tmp_path).parent == tmp_path
    with pytest.raises(ValueError, match="/samples"):
        temporary_folder({"mountPoints": [{"containerPath": "/samples"}]}, tmp_path)
