"""Images of the local store: folders that stand in for what a registry would hold.

`<repository>/<tag>/rootfs/` has the files at their paths in the image, `<repository>/<tag>/image.json` what the
Dockerfile said: `workdir`, `entrypoint`, `command`, `environment` and `digest`.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path


class ImageNotFoundError(Exception):
    """An image is not in the store; the message says where it was looked for."""


@dataclass(frozen=True, slots=True)
class Image:
    """What a container is made of."""

    rootfs: Path
    workdir: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    environment: dict[str, str]

    def path(self, inside: str) -> Path:
        """Where a path of the image lies on this machine."""
        return self.rootfs / inside.lstrip("/")

    def program(self, name: str) -> str:
        """What a command's first word means here: Python is this environment's own."""
        if name in ("python", "python3"):
            return sys.executable
        return str(self.path(name)) if name.startswith("/") and self.path(name).exists() else name


class ImageStore:
    """Finds images by the URI that a task definition names."""

    def __init__(self, folder: Path) -> None:
        """Look below `folder`."""
        self._folder = folder

    def find(self, uri: str) -> Image:
        """The image of `<registry>/<repository>:<tag>` or `…@<digest>`.

        Raises:
            ImageNotFoundError: it is not in the store, or its description cannot be read.
        """
        # Names are links to contents: a tag that moves on does not move a running task.
        folder = self._locate(uri).resolve()
        try:
            described = json.loads((folder / "image.json").read_text(encoding="utf-8"))
            return Image(
                rootfs=folder / "rootfs",
                workdir=described.get("workdir") or "/",
                entrypoint=tuple(described.get("entrypoint") or ()),
                command=tuple(described.get("command") or ()),
                environment=dict(described.get("environment") or {}),
            )
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise ImageNotFoundError(
                f"image {uri} is not in the local image store: {folder / 'image.json'} "
                f"cannot be read ({type(error).__name__}); deploy again so that the image is built"
            ) from error

    def _locate(self, uri: str) -> Path:
        name, _, digest = uri.partition("@")
        first, slash, rest = name.partition("/")
        # A first part with a dot or a port is the registry's host.
        repository = rest if slash and ("." in first or ":" in first or first == "localhost") else name
        repository, _, tag = repository.partition(":")
        if not digest:
            return self._folder / repository / (tag or "latest")
        for candidate in sorted((self._folder / repository).glob("*/image.json")):
            if json.loads(candidate.read_text(encoding="utf-8")).get("digest") == digest:
                return candidate.parent
        raise ImageNotFoundError(f"image {uri} is not in the local image store below {self._folder / repository}")
