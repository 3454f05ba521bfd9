"""What a dump holds, as it says itself."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Checksum = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TableDump(_Document):
    """One table.

    columns: those that are stored; generated ones are computed anew.
    checksum: of the rows in any order, see `RowsDigest`.
    object: its file's key below the dump's own: gzip'd text of PostgreSQL's COPY.
    """

    name: str
    columns: tuple[str, ...]
    rows: Count
    checksum: Checksum
    object: str


class SequenceState(_Document):
    """Where a sequence stands: the next value is `last_value` itself if it was not called yet."""

    name: str
    last_value: int
    is_called: bool


class Manifest(_Document):
    """All of a dump but the rows.

    migrations: the folder of migrations that makes the tables; revision: how far they had been applied.
    left_out: tables outside of the PostgreSQL schema that the migrations fill. They are not in the dump.
    """

    format: Literal[1] = 1
    database: str
    migrations: str
    revision: str
    server_version: str
    taken_at: AwareDatetime
    tables: tuple[TableDump, ...]
    sequences: tuple[SequenceState, ...]
    left_out: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)


class Verdict(_Document):
    """Stands beside a dump that was restored and found equal."""

    proven_at: AwareDatetime
    rows: Count
    seconds: Annotated[float, Field(ge=0)]
