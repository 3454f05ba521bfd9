"""The two things that the function does: make a proven dump, and restore one."""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from services import migrations
from services.backups import dump, target
from services.backups.bucket import DumpBucket, StoredDump
from services.backups.budget import Budget
from services.backups.errors import BackupError
from services.backups.load import compare, load
from services.backups.manifest import Manifest, Verdict
from services.backups.scratch import scratch
from services.backups.session import Sessions, reporting

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class DumpReport:
    """A proven dump. Its bytes are those of the compressed tables."""

    key: str
    tables: int
    rows: int
    bytes: int
    dump_seconds: float
    proof_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreReport:
    """A restored database. `taken_at` is the instant it shows; `revision` its schema's, brought up to date."""

    key: str
    into: str
    taken_at: datetime
    revision: str
    tables: int
    rows: int
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Backups:
    """Dumps of one database, whose tables are made by one folder of migrations."""

    sessions: Sessions
    bucket: DumpBucket
    migrations: str

    def back_up(self, budget: Budget) -> DumpReport:
        """Dumps the database, restores the dump into a scratch database, compares, and marks the dump as proven.

        Raises BackupError: then there is no new proven dump.
        """
        begin = time.monotonic()
        with self.sessions.opened(budget) as connection:
            written = dump.write(
                connection,
                self.bucket,
                database=self.sessions.database,
                migrations=self.migrations,
                budget=budget,
            )
        dumped = time.monotonic()
        logger.info("dumped", extra={"key": written.stored.key, "rows": written.manifest.rows, "bytes": written.bytes})
        try:
            verdict = self._prove(written.stored, budget)
        except BackupError as error:
            raise BackupError(f"the dump {written.stored.key} is not proven: {error}") from None
        return DumpReport(
            key=written.stored.key,
            tables=len(written.manifest.tables),
            rows=written.manifest.rows,
            bytes=written.bytes,
            dump_seconds=round(dumped - begin, 3),
            proof_seconds=verdict.seconds,
        )

    def restore(self, key: str, into: str, budget: Budget) -> RestoreReport:
        """Restores a dump into a database of that name, which is made if it is missing; verifies it as a proof does.

        The schema is then brought up to date, so that the present code can work with it. Raises BackupError: then
        nothing is left of it.
        """
        begin = time.monotonic()
        if into in target.RESERVED:
            raise BackupError(f"into is {into!r}: that database is PostgreSQL's own; take another name")
        stored = self.bucket.dump(key)
        manifest = self._manifest(stored)
        with target.opened(self.sessions, into, manifest, budget) as database:
            self._fill(stored, manifest, database, budget)
            revision = self._migrate(database, budget)
        return RestoreReport(
            key=stored.key,
            into=into,
            taken_at=manifest.taken_at,
            revision=revision,
            tables=len(manifest.tables),
            rows=manifest.rows,
            seconds=round(time.monotonic() - begin, 3),
        )

    def _prove(self, stored: StoredDump, budget: Budget) -> Verdict:
        begin = time.monotonic()
        # As it was stored, not as it was meant.
        manifest = self._manifest(stored)
        with scratch(self.sessions, budget) as name:
            self._fill(stored, manifest, name, budget)
        verdict = Verdict(proven_at=datetime.now(UTC), rows=manifest.rows, seconds=round(time.monotonic() - begin, 3))
        stored.write_proof(verdict)
        return verdict

    def _manifest(self, stored: StoredDump) -> Manifest:
        manifest = stored.manifest()
        if manifest.migrations != self.migrations:
            raise BackupError(
                f"{stored.key} holds tables of {manifest.migrations}, and this function restores {self.migrations}:"
                " invoke the one beside that database"
            )
        return manifest

    def _fill(self, stored: StoredDump, manifest: Manifest, database: str, budget: Budget) -> None:
        self._migrate(database, budget, manifest.revision)
        with self.sessions.opened(budget, database) as connection:
            load(connection, stored, manifest, budget)
            compare(connection, manifest, budget)

    def _migrate(self, database: str, budget: Budget, revision: str = "head") -> str:
        with reporting():
            connection = self.sessions.connect(budget, database)
        try:
            return migrations.apply(connection, self.migrations, revision=revision)
        except migrations.MigrationError as error:
            raise BackupError(f"revision {revision} of {self.migrations} cannot be applied: {error}") from None
