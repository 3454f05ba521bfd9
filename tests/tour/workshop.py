"""A copy of the repository in which mistakes are made and undone."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from constructs_lib import packaging
from tests.support.repository import copy_repository
from tests.tour.catalogue import Edit, Mistake
from tests.tour.errors import TourError

TODAY = "2026-11-21"
"""The day on which the tour is replayed: what ends later would be told of in its outputs."""


class Workshop:
    """The copy, at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        copy_repository(root)
        settings = json.loads((root / "cdk.json").read_text())
        settings["context"]["today"] = TODAY
        # Neither asks the internet nor tells of it.
        settings |= {"notices": False, "versionReporting": False}
        (root / "cdk.json").write_text(json.dumps(settings, indent=2))
        # Stands for the dependencies of functions, which take a package index to fetch; no command looks into them.
        with patch.multiple(packaging, BUILD_FOLDER=root / "build" / "layers", _install=lambda _folder: None):
            packaging.dependencies_package()

    def check(self, mistakes: Sequence[Mistake]) -> None:
        """Look whether all edits can be made, before any is.

        Raises:
            TourError: passages are not there, or more than once.
        """
        faults = [fault for each in mistakes for edit in each.edits if (fault := self._fault(edit, each.name))]
        if faults:
            raise TourError(faults)

    @contextmanager
    def made(self, mistake: Mistake) -> Iterator[None]:
        """Make a mistake, and undo it at the end."""
        self.check([mistake])
        paths = [self.root / path for path in edits_by_path(mistake)]
        former = {path: (path.read_text(encoding="utf-8"), path.stat()) for path in paths if path.exists()}
        try:
            for name, edits in edits_by_path(mistake).items():
                (self.root / name).write_text(edited(self.root, name, edits), encoding="utf-8")
            yield
        finally:
            for path in paths:
                if path in former:
                    text, status = former[path]
                    path.write_text(text, encoding="utf-8")
                    # Python tells by it whether what it has compiled is of this text.
                    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
                else:
                    path.unlink(missing_ok=True)

    def _fault(self, edit: Edit, name: str) -> str | None:
        path = self.root / edit.path
        if edit.old is None:
            return f"{name}: {edit.path} is there already; give `old` to change it" if path.exists() else None
        if not path.is_file():
            return f"{name}: there is no {edit.path}"
        count = path.read_text(encoding="utf-8").count(edit.old)
        if count == 1:
            return None
        return (
            f"{name}: {edit.path} must have this exactly once, and has it {count} times: {edit.old!r}; "
            "put a passage that is there once into the mistake's file"
        )


@contextmanager
def workshop() -> Iterator[Workshop]:
    """A workshop in a folder of its own, which goes at the end."""
    with tempfile.TemporaryDirectory(prefix="tour-") as folder:
        # A server that a command starts may run as another user, from programs that are reached through here.
        Path(folder).chmod(0o755)
        yield Workshop(Path(folder) / "repository")


def edits_by_path(mistake: Mistake) -> Mapping[str, Sequence[Edit]]:
    """The edits of each file, in their order."""
    found: dict[str, list[Edit]] = {}
    for edit in mistake.edits:
        found.setdefault(edit.path, []).append(edit)
    return found


def edited(root: Path, path: str, edits: Sequence[Edit]) -> str:
    """The text of a file after its edits."""
    text = (root / path).read_text(encoding="utf-8") if edits[0].old is not None else ""
    for edit in edits:
        text = edit.new if edit.old is None else text.replace(edit.old, edit.new)
    return text
