"""What a server can be brought back from to a moment: a copy of its data, and all it has logged since."""

import shlex
import shutil
from datetime import UTC, datetime
from pathlib import Path

from local.emulator.databases.data_folders import DataFolders

# A server that writes hands over its log at least this often. RDS does so every five minutes.
ARCHIVE_TIMEOUT_SECONDS = 2

# `000000010000000000000007.gz`; names of other files, about base copies and timelines, have other lengths.
_PIECE_LENGTH = 27


class Archive:
    """The log of a server, piece by piece as it is completed, on top of a base copy.

    Without a folder for it the log is discarded: that is how it is turned off while the server runs.
    """

    def __init__(self, folder: Path, data: DataFolders) -> None:
        """Keep pieces and base copy below `folder`."""
        self._log = folder / "wal"
        self._own_base = folder / "base"
        self._data = data
        self.begin: datetime | None = None
        """From when on a moment can be returned to; None while nothing is archived."""

    @property
    def enabled(self) -> bool:
        """Whether the log is kept."""
        return self._log.exists()

    @property
    def base(self) -> Path:
        """The copy to begin with: its own, or what every new server begins with."""
        return self._own_base if self._own_base.exists() else self._data.template()

    def enable(self) -> None:
        """Keep the log from now on."""
        self._data.make(self._log)

    def disable(self) -> None:
        """Discard the log, what is there of it included."""
        self.begin = None
        for folder in (self._log, self._own_base):
            shutil.rmtree(folder, ignore_errors=True)

    def own_base(self) -> Path:
        """Where a copy of its own belongs."""
        return self._own_base

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a server that archives here."""
        place = _quoted(self._log)
        keep = f"gzip -1 < %p > {place}/%f.part && touch -r %p {place}/%f.part && mv {place}/%f.part {place}/%f.gz"
        return {
            "archive_mode": "on",
            "archive_timeout": f"{ARCHIVE_TIMEOUT_SECONDS}s",
            "archive_command": f"test ! -d {place} || {{ {keep}; }}",
            # Tells what of the log is still missing in the archive.
            "track_commit_timestamp": "on",
        }

    @property
    def restore_command(self) -> str:
        """How another server reads the log."""
        return f"gzip -dc < {_quoted(self._log)}/%f.gz > %p"

    def holds(self, piece: str) -> bool:
        """Whether a piece of the log is in the archive."""
        return (self._log / f"{piece}.gz").exists()

    def end(self) -> datetime | None:
        """When the last entry of the last piece was written; None while there is no piece."""
        pieces = [file for file in self._log.iterdir() if len(file.name) == _PIECE_LENGTH] if self.enabled else []
        return datetime.fromtimestamp(max(pieces).stat().st_mtime, UTC) if pieces else None


def _quoted(folder: Path) -> str:
    """For a command of PostgreSQL's, in which a percent sign begins a placeholder."""
    return shlex.quote(str(folder)).replace("%", "%%")
