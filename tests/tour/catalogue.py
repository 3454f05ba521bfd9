"""The mistakes, each a file in `mistakes/`: `NN-name.toml`, in the order of their numbers."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tests.tour.errors import TourError

FOLDER = Path(__file__).parent / "mistakes"

CaughtBy = Literal[
    "config rule",
    "config fields",
    "end-of-life gate",
    "cost gate",
    "order of stacks",
    "change classifier",
    "sweep",
    "contract test",
    "migration test",
]
_Text = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Edit(_Part):
    """A change of one file."""

    path: _Text
    """From the root of the repository."""
    old: _Text | None = None
    """Passage that is in the file exactly once; None for a file that is to be made."""
    new: str
    """What stands there instead."""


class Mistake(_Part):
    """What somebody might do, and what stops it."""

    name: _Text
    """For `ROWS`; that of its file."""
    title: Annotated[str, Field(pattern=r"^[A-Z][\w ,-]+$")]
    """Heading of its section."""
    caught_by: CaughtBy
    why: _Text
    """Why somebody would do it, and what it would have cost."""
    edits: Annotated[tuple[Edit, ...], Field(min_length=1)]
    command: _Text
    """A line for bash, run from the root of the repository."""
    exit_code: Annotated[int, Field(ge=1)]
    """What the command ends with."""
    says: Annotated[tuple[_Text, ...], Field(min_length=1)]
    """What must be in its output, so that it fails for this mistake and not for another reason."""
    remedy: _Text
    """What to do instead."""


def read(folder: Path = FOLDER) -> Sequence[Mistake]:
    """All mistakes.

    Raises:
        TourError: files are no mistakes; a line for each fault.
    """
    found, faults = [], []
    for path in sorted(folder.glob("*.toml")):
        try:
            found.append(_parse(path))
        except tomllib.TOMLDecodeError as error:
            faults.append(f"{path.name}: no TOML: {error}")
        except ValidationError as error:
            faults += [
                f"{path.name}: {'.'.join(map(str, each['loc']))}: {each['msg']}"
                for each in error.errors(include_url=False)
            ]
    if faults:
        raise TourError(faults)
    return found


def _parse(path: Path) -> Mistake:
    given: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return Mistake.model_validate({"name": path.stem.partition("-")[2], **given})


def choose(mistakes: Sequence[Mistake], names: Sequence[str]) -> Sequence[Mistake]:
    """Those of the names, or all where none is given.

    Raises:
        TourError: there is none of a name.
    """
    known = [each.name for each in mistakes]
    if unknown := [name for name in names if name not in known]:
        raise TourError([f"no such mistake: {', '.join(unknown)}; there are: {', '.join(known)}"])
    return [each for each in mistakes if not names or each.name in names]
