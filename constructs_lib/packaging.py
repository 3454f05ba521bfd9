"""Packages for functions, made without Docker: the runtime's own code, and its dependencies for Lambda's machine.

Both are zips with a `python/` folder, the form of a Lambda layer. A zip's name carries the hash of what went into it:
made once, it serves every later synthesis, and unchanged input gives a byte-identical file.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from constructs_lib.project import PROJECT_ROOT, SERVICES_FOLDER

BUILD_FOLDER = PROJECT_ROOT / "build" / "layers"
DEPENDENCIES_LOCK = SERVICES_FOLDER / "requirements-functions.lock"

# Lambda on Graviton with Python 3.13 runs on Amazon Linux 2023, whose glibc is 2.34.
LAMBDA_PYTHON = "3.13"
LAMBDA_PLATFORM = "aarch64-manylinux_2_34"

# A zip stores local times; a fixed one keeps equal content equal.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_INSTALL_SECONDS = 300


class PackagingError(Exception):
    """The dependencies could not be installed; `str()` of it says why and what to do."""


def services_package() -> Path:
    """Return a zip of the package `services`, without what only its container needs."""
    files = [(Path("python") / path.relative_to(PROJECT_ROOT), path) for path in _runtime_files()]
    digest = hashlib.sha256()
    for name, path in files:
        digest.update(f"{name.as_posix()}\0".encode())
        digest.update(path.read_bytes())
    target = BUILD_FOLDER / f"services-{digest.hexdigest()[:16]}.zip"
    if not target.exists():
        _zip(files, target)
    return target


def dependencies_package() -> Path:
    """Return a zip of the locked dependencies, built for Lambda's processor and Python.

    Raises:
        PackagingError: the packages could not be had.
    """
    digest = hashlib.sha256(DEPENDENCIES_LOCK.read_bytes() + f"{LAMBDA_PYTHON}{LAMBDA_PLATFORM}".encode())
    target = BUILD_FOLDER / f"dependencies-{digest.hexdigest()[:16]}.zip"
    if not target.exists():
        with tempfile.TemporaryDirectory() as folder:
            _install(Path(folder))
            files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
            _zip([(Path("python") / path.relative_to(folder), path) for path in files], target)
    return target


def _runtime_files() -> Iterator[Path]:
    for path in sorted(SERVICES_FOLDER.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and not _of_the_container(path):
            yield path


def _of_the_container(path: Path) -> bool:
    return path.name in {"Dockerfile", ".dockerignore"} or path.suffix in {".lock", ".Dockerfile"}


def _install(folder: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("uv")),
        "pip",
        "install",
        "--quiet",
        f"--target={folder}",
        f"--python-platform={LAMBDA_PLATFORM}",
        f"--python-version={LAMBDA_PYTHON}",
        "--only-binary=:all:",
        "--require-hashes",
        f"--requirement={DEPENDENCIES_LOCK}",
    ]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_INSTALL_SECONDS)  # noqa: S603
    except FileNotFoundError:
        message = f"{command[0]} is missing: run `make install`"
        raise PackagingError(message) from None
    except subprocess.TimeoutExpired:
        message = f"installing {DEPENDENCIES_LOCK.name} took over {_INSTALL_SECONDS} s: is the package index reachable?"
        raise PackagingError(message) from None
    except subprocess.CalledProcessError as error:
        message = f"could not install {DEPENDENCIES_LOCK.name} for {LAMBDA_PLATFORM}:\n{error.stderr.strip()}"
        raise PackagingError(message) from None


def _zip(files: list[tuple[Path, Path]], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # Written beside and moved, so that an interrupted run leaves no half zip under the final name.
    with (
        tempfile.NamedTemporaryFile(dir=target.parent, suffix=".part", delete=False) as part,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name, path in files:
            entry = zipfile.ZipInfo(name.as_posix(), date_time=_ZIP_TIME)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    finished = Path(part.name)
    finished.chmod(0o644)
    finished.replace(target)
