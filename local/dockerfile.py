"""Reads a Dockerfile into stages of instructions, each with its line for messages.

The syntax is Docker's: comments, continued lines, the JSON and the shell form of arguments, variables. Here-documents
are refused.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.errors import LocalError

_VARIABLE = re.compile(
    r"\\(?P<escaped>.)|\$(?:(?P<plain>\w+)|\{(?P<name>\w+)(?:(?P<operator>:[-+])(?P<word>[^}]*))?\})"
)
_WORD = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:\\.|[^"\\])*"|'[^']*')+|(?P<unbalanced>\S)""")
_PIECE = re.compile(r"""'(?P<literal>[^']*)'|"(?P<quoted>(?:\\.|[^"\\])*)"|(?P<plain>(?:\\.|[^'"\\])+)""")
_FLAG = re.compile(r"--(?P<name>[a-z-]+)(?:=(?P<value>\S*))?\s+")


class DockerfileError(LocalError):
    """A Dockerfile that cannot be interpreted; the message names file, line and instruction."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruction:
    """One instruction."""

    file: Path
    line: int
    name: str
    """In capital letters."""
    flags: Mapping[str, str]
    """For example `{"from": "build"}` of `COPY --from=build`."""
    text: str
    """Everything after the flags, variables not yet replaced."""

    def note(self, message: str) -> str:
        """A message with the place of this instruction."""
        return f"{self.file}:{self.line}: {self.name}: {message}"

    def error(self, message: str) -> DockerfileError:
        """The fault to raise."""
        return DockerfileError(self.note(message))

    def command(self) -> list[str]:
        """The arguments of CMD and ENTRYPOINT; the shell form becomes a call of the shell."""
        return self._json_form() or ["/bin/sh", "-c", self.text]

    def words(self, variables: Mapping[str, str]) -> list[str]:
        """The arguments, with variables replaced."""
        words = self._json_form()
        if words is not None:
            return [substitute(word, variables) for word in words]
        found = list(_WORD.finditer(self.text))
        if any(match["unbalanced"] for match in found):
            raise self.error(f"a quotation mark is not closed in {self.text!r}")
        return [expand(match[0], variables) for match in found]

    def assignments(self, variables: Mapping[str, str]) -> dict[str, str]:
        """The pairs of ENV and LABEL: `name=value …`, or the old form `name value`."""
        first = self.text.split(maxsplit=1)[0] if self.text else ""
        if "=" not in first:
            name, _, value = self.text.partition(" ")
            return {name: expand(value.strip(), variables)}
        pairs = {}
        for word in self.words(variables):
            name, equals, value = word.partition("=")
            if not equals:
                raise self.error(f"{word!r} is no name=value")
            pairs[name] = value
        return pairs

    def _json_form(self) -> list[str] | None:
        if not self.text.startswith("["):
            return None
        try:
            words = json.loads(self.text)
        except ValueError:
            return None
        return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """What stands between one FROM and the next."""

    base: str
    """The name of an image or of an earlier stage."""
    name: str
    """As given by AS, or its number."""
    instructions: list[Instruction] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dockerfile:
    """The whole file."""

    path: Path
    arguments: Mapping[str, str]
    """ARG before the first FROM, with the values of --build-arg."""
    stages: list[Stage]

    def stage(self, name: str | None) -> Stage | None:
        """A stage by name or number; the last one when no name is given."""
        if name is None:
            return self.stages[-1]
        for number, stage in enumerate(self.stages):
            if name.lower() in (stage.name.lower(), str(number)):
                return stage
        return None


def read_dockerfile(path: Path, build_arguments: Mapping[str, str]) -> Dockerfile:
    """Parse a Dockerfile.

    Raises:
        DockerfileError: it cannot be read, has no stage, or holds something that is not a Dockerfile's.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise DockerfileError(f"{path} cannot be read: {error}") from None
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    for instruction in _instructions(path, text):
        if instruction.name == "FROM":
            stages.append(_stage(instruction, arguments, number=len(stages)))
        elif stages:
            stages[-1].instructions.append(instruction)
        elif instruction.name == "ARG":
            arguments |= argument(instruction, arguments, build_arguments)
        else:
            raise instruction.error("a Dockerfile begins with FROM")
    if not stages:
        raise DockerfileError(f"{path}: there is no FROM")
    return Dockerfile(path=path, arguments=arguments, stages=stages)


def argument(instruction: Instruction, known: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The variable that an ARG declares: the value given for the build, else its default, else none."""
    name, equals, default = instruction.text.partition("=")
    if name in given:
        return {name: given[name]}
    return {name: expand(default, known)} if equals else {}


def expand(word: str, variables: Mapping[str, str]) -> str:
    """Replace variables and remove quotation marks; what stands in single ones is taken as it is."""
    return _PIECE.sub(
        lambda piece: (
            piece["literal"]
            if piece["literal"] is not None
            else substitute(piece["quoted"] if piece["quoted"] is not None else piece["plain"], variables)
        ),
        word,
    )


def substitute(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$name`, `${name}`, `${name:-default}` and `${name:+other}`."""

    def value(match: re.Match[str]) -> str:
        if match["escaped"]:
            return match["escaped"] if match["escaped"] == "$" else match[0]
        found = variables.get(match["plain"] or match["name"], "")
        if match["operator"] == ":+":
            return match["word"] if found else ""
        return found or match["word"] or ""

    return _VARIABLE.sub(value, text)


def _stage(instruction: Instruction, arguments: Mapping[str, str], *, number: int) -> Stage:
    match instruction.words(arguments):
        case [base]:
            return Stage(base=base, name=str(number))
        case [base, as_, name] if as_.lower() == "as":
            return Stage(base=base, name=name)
    raise instruction.error(f"{instruction.text!r} is neither `image` nor `image AS name`")


def _instructions(path: Path, text: str) -> list[Instruction]:
    instructions = []
    parts: list[str] = []
    first_line = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("#") or not line.strip():
            continue  # comments and empty lines may also stand between continued lines
        first_line = first_line if parts else number
        parts.append(line.rstrip().removesuffix("\\"))
        if not line.rstrip().endswith("\\"):
            instructions.append(_instruction(path, first_line, " ".join(parts).strip()))
            parts = []
    if parts:
        raise DockerfileError(f"{path}:{first_line}: the last line is continued by a backslash, and nothing follows")
    return instructions


def _instruction(path: Path, line: int, text: str) -> Instruction:
    name, _, rest = text.partition(" ")
    rest = rest.strip()
    flags = {}
    while name.upper() in {"ADD", "COPY", "FROM", "HEALTHCHECK", "RUN"} and (flag := _FLAG.match(rest)):
        flags[flag["name"]] = flag["value"] or ""
        rest = rest[flag.end() :]
    instruction = Instruction(file=path, line=line, name=name.upper(), flags=flags, text=rest)
    if instruction.name in {"ADD", "COPY", "RUN"} and re.search(r"<<-?['\"]?\w", rest):
        raise instruction.error("here-documents are not understood by the embedded cloud; use a file or a script")
    return instruction
