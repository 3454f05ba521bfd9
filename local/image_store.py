"""Images on disk: content by digest, names that point at it.

`images/.content/<digest>/` holds `rootfs/` (the files at their paths in the image) and `image.json`;
`images/<repository>/<tag>` is a symbolic link to one of them. Both appear at once or not at all, and content never
changes: a task that runs from an older image keeps it.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.errors import LocalError
from local.image_build import ImageContent

_CONTENT = ".content"
# Counts up when the same Dockerfile would give another outcome: older images are then built anew.
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Reference:
    """An image's name without its registry, such as `team/api:1`."""

    repository: str
    tag: str

    def __str__(self) -> str:
        """As Docker writes it."""
        return f"{self.repository}:{self.tag}"


def parse_reference(text: str) -> Reference:
    """Read `[registry/]repository[:tag]`; the registry is dropped, the tag is `latest` when left out.

    Raises:
        LocalError: it is no such name.
    """
    first, slash, rest = text.partition("/")
    is_registry = bool(slash) and not first.startswith(".") and ("." in first or ":" in first or first == "localhost")
    name = rest if is_registry else text
    repository, _, tag = name.partition(":")
    parts = [*repository.split("/"), tag or "latest"]
    if "@" in name or any(not part or part.startswith(".") for part in parts) or "/" in tag:
        raise LocalError(f"{text!r} is no image name: [registry/]repository[:tag] is needed")
    return Reference(repository, tag or "latest")


class ImageStore:
    """The images of one cloud."""

    def __init__(self, folder: Path) -> None:
        """Use a folder, which need not exist yet."""
        self._folder = folder

    def add(self, content: ImageContent, reference: Reference) -> dict[str, Any]:
        """Write an image, unless the same content is there already, and name it. Returns its description."""
        root = self._folder / _CONTENT
        root.mkdir(parents=True, exist_ok=True)
        description: dict[str, Any] = {
            "format": _FORMAT,
            "workdir": str(content.workdir),
            "entrypoint": content.entrypoint,
            "command": content.command,
            "environment": content.environment,
            "user": content.user,
            "base": content.base,
        }
        temporary = Path(tempfile.mkdtemp(dir=root, prefix=".building-"))
        try:
            size = _write_files(content, temporary / "rootfs")
            digest = f"sha256:{_digest(temporary / 'rootfs', description)}"
            description |= {"digest": digest, "bytes": size}
            (temporary / "image.json").write_text(json.dumps(description, indent=2) + "\n")
            temporary.chmod(0o755)  # tasks may run as another user
            target = root / digest.removeprefix("sha256:")
            if not target.exists():
                temporary.rename(target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        self._link(reference, target)
        return description

    def tag(self, source: Reference, target: Reference) -> None:
        """Give an image another name.

        Raises:
            LocalError: there is no image with the source's name.
        """
        self.describe(source)
        self._link(target, self._path(source).resolve())

    def describe(self, reference: Reference) -> dict[str, Any]:
        """What `image.json` says.

        Raises:
            LocalError: there is no image of that name.
        """
        try:
            description: dict[str, Any] = json.loads((self._path(reference) / "image.json").read_text())
        except (OSError, ValueError):
            raise LocalError(f"no such image: {reference}") from None
        if description.get("format") != _FORMAT:
            raise LocalError(f"no such image: {reference} (one of an older format is built anew)")
        return description

    def references(self) -> Iterator[Reference]:
        """The names of all images."""
        for path in sorted(self._links()):
            name = path.relative_to(self._folder)
            yield Reference(name.parent.as_posix(), name.name)

    def _links(self) -> Iterator[Path]:
        for directory, names, _ in os.walk(self._folder):
            names[:] = [name for name in names if name != _CONTENT]
            yield from (Path(directory) / name for name in names if (Path(directory) / name).is_symlink())

    def _path(self, reference: Reference) -> Path:
        return self._folder / reference.repository / reference.tag

    def _link(self, reference: Reference, target: Path) -> None:
        path = self._path(reference)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=".linking-"))
        try:
            link = temporary / "link"
            link.symlink_to(os.path.relpath(target.resolve(), path.parent.resolve()))
            link.replace(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _write_files(content: ImageContent, rootfs: Path) -> int:
    """Copy the files to their places; returns how many bytes they have."""
    rootfs.mkdir()
    size = 0
    for directory in content.directories:
        (rootfs / str(directory).lstrip("/")).mkdir(parents=True, exist_ok=True)
    for path, source in content.files.items():
        target = rootfs / str(path).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
        size += target.lstat().st_size
    return size


def _digest(rootfs: Path, description: dict[str, Any]) -> str:
    """A digest of names, permissions and bytes; times don't count, as an unchanged image must keep its name."""
    digest = hashlib.sha256(json.dumps(description, sort_keys=True).encode())
    for path in sorted(rootfs.rglob("*")):
        name = path.relative_to(rootfs).as_posix()
        if path.is_symlink():
            digest.update(f"link {name} {path.readlink()}\0".encode())
        elif path.is_file():
            data = path.read_bytes()
            digest.update(f"file {name} {path.stat().st_mode & 0o777:o} {len(data)}\0".encode())
            digest.update(data)
        else:
            digest.update(f"folder {name}\0".encode())
    return digest.hexdigest()
