"""What the users of a database may do in it: the `rights.toml` beside the migrations of its schema.

Its tables are the users; each names tables of the schema, and for each of them what is allowed: `select`, `insert` and
`update` as `true` or as a list of columns, `delete` as `true`. What is not named is refused. A right that older code
still uses is taken away by a later release, as a column is.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

_FILE = "rights.toml"
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]
_Columns = Annotated[tuple[_Name, ...], Field(min_length=1)]
Granted = Literal[True] | _Columns
"""All columns of a table, or those that are named."""


class RightsError(ValueError):
    """The rights of a schema cannot be read; the message says why."""


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TableRights(_Declared):
    """What one user may do to one table."""

    select: Granted | None = None
    insert: Granted | None = None
    update: Granted | None = None
    delete: Literal[True] | None = None


class UserRights(_Declared):
    """What one user may do.

    tables: by name. reads_everything: every row, the record of migrations included, and nothing else: what a dump
    needs. makes_databases: may make databases, and may do as it likes in those that it has made.
    """

    tables: dict[_Name, TableRights] = {}
    reads_everything: bool = False
    makes_databases: bool = False


_RIGHTS: TypeAdapter[dict[str, UserRights]] = TypeAdapter(dict[_Name, UserRights])


def rights(schema: str, folder: Path = Path(__file__).parent) -> dict[str, UserRights]:
    """What each user of a schema may do.

    folder: where the folders of the schemas are. Raises RightsError.
    """
    file = folder / schema / _FILE
    try:
        return _RIGHTS.validate_python(tomllib.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise RightsError(f"services/migrations/{schema} has no {_FILE}: say there what each user may do") from None
    except tomllib.TOMLDecodeError as error:
        raise RightsError(f"services/migrations/{schema}/{_FILE} is no TOML: {error}") from None
    except ValidationError as error:
        faults = error.errors(include_url=False)
        told = "; ".join(f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in faults)
        raise RightsError(f"services/migrations/{schema}/{_FILE}: {told}") from None
