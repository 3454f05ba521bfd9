"""What a Dockerfile makes of a build context, as far as files and settings go.

Nothing is executed: RUN installs dependencies, and those come from the virtual environment that the cloud itself runs
in. So the result holds the application's own files, at the paths where the image has them, and how to start it.
"""

import fnmatch
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from pathspec import PathSpec

from local.dockerfile import Dockerfile, DockerfileError, Instruction, Stage, argument, substitute

# They describe the image to others and change neither its files nor how it starts.
_DESCRIPTIVE = frozenset({"EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "STOPSIGNAL", "VOLUME"})
_ROOT = PurePosixPath("/")


@dataclass(kw_only=True, slots=True)
class ImageContent:
    """An image without what RUN would have made."""

    base: str
    workdir: PurePosixPath = _ROOT
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    user: str = ""
    files: dict[PurePosixPath, Path] = field(default_factory=dict)
    """Path in the image → file or symbolic link it is copied from."""
    directories: set[PurePosixPath] = field(default_factory=set)
    left_out: list[str] = field(default_factory=list)
    """A sentence for each COPY from another image."""

    def derived(self) -> "ImageContent":
        """A copy to go on from, for `FROM <stage>`."""
        return ImageContent(
            base=self.base,
            workdir=self.workdir,
            entrypoint=[*self.entrypoint],
            command=[*self.command],
            environment={**self.environment},
            user=self.user,
            files={**self.files},
            directories={*self.directories},
            left_out=[*self.left_out],
        )


class BuildContext:
    """The files a Dockerfile may copy: a folder without what .dockerignore names."""

    def __init__(self, folder: Path, dockerfile: Path) -> None:
        """Read the ignore file: `<Dockerfile>.dockerignore` if it exists, else `.dockerignore`."""
        self.folder = folder
        specific = dockerfile.with_name(f"{dockerfile.name}.dockerignore")
        ignore_file = specific if specific.exists() else folder / ".dockerignore"
        lines = ignore_file.read_text().splitlines() if ignore_file.exists() else []
        self._ignored = PathSpec.from_lines("gitignore", (_anchored(line) for line in lines))
        self.files = sorted(self._walk())
        """Paths relative to the folder."""

    def _walk(self) -> list[PurePosixPath]:
        found = []
        for directory, names, files in os.walk(self.folder):
            here = Path(directory)
            links = [name for name in names if (here / name).is_symlink()]
            for name in [*files, *links]:
                path = PurePosixPath((here / name).relative_to(self.folder).as_posix())
                if not self._ignored.match_file(str(path)):
                    found.append(path)
        return found


def build(
    dockerfile: Dockerfile, context: BuildContext, *, target: str | None, arguments: Mapping[str, str]
) -> ImageContent:
    """Interpret a Dockerfile up to the target stage (the last one when None).

    Raises:
        DockerfileError: the target is unknown, or an instruction cannot be carried out.
    """
    stage = dockerfile.stage(target)
    if stage is None:
        names = ", ".join(each.name for each in dockerfile.stages)
        raise DockerfileError(f"{dockerfile.path}: there is no stage {target!r}; its stages: {names}")
    return _Builder(dockerfile, context, arguments).content(stage)


class _Builder:
    def __init__(self, dockerfile: Dockerfile, context: BuildContext, arguments: Mapping[str, str]) -> None:
        self._dockerfile = dockerfile
        self._context = context
        self._arguments = arguments
        self._done: dict[str, ImageContent] = {}

    def content(self, stage: Stage) -> ImageContent:
        """The content of a stage, interpreted once."""
        if stage.name not in self._done:
            before = self._dockerfile.stages[: self._dockerfile.stages.index(stage)]
            parent = next((each for each in before if each.name.lower() == stage.base.lower()), None)
            content = self.content(parent).derived() if parent else ImageContent(base=stage.base)
            declared: dict[str, str] = {}
            for instruction in stage.instructions:
                self._apply(instruction, content, declared)
            self._done[stage.name] = content
        return self._done[stage.name]

    def _apply(self, instruction: Instruction, content: ImageContent, declared: dict[str, str]) -> None:
        variables = declared | content.environment
        match instruction.name:
            case "ARG":
                # Without a value, a global ARG of the same name shows through.
                inherited = {
                    name: value for name, value in self._dockerfile.arguments.items() if name == instruction.text
                }
                declared |= inherited | argument(instruction, variables, self._arguments)
            case "ENV":
                content.environment |= instruction.assignments(variables)
            case "WORKDIR":
                content.workdir = _inside(content.workdir, substitute(instruction.text, variables))
                content.directories.add(content.workdir)
            case "COPY" | "ADD":
                self._copy(instruction, content, variables)
            case "ENTRYPOINT":
                content.entrypoint, content.command = instruction.command(), []
            case "CMD":
                content.command = instruction.command()
            case "USER":
                content.user = substitute(instruction.text, variables)
            case "RUN":
                pass
            case name if name not in _DESCRIPTIVE:
                raise instruction.error("the embedded cloud does not understand this instruction")

    def _copy(self, instruction: Instruction, content: ImageContent, variables: Mapping[str, str]) -> None:
        *sources, destination = instruction.words(variables) or [""]
        if not sources:
            raise instruction.error("needs at least one source and a destination")
        if instruction.name == "ADD" and any(_is_remote_or_archive(source) for source in sources):
            raise instruction.error("addresses and archives are not understood by the embedded cloud; use COPY")
        if name := instruction.flags.get("from"):
            self._copy_from_stage(instruction, substitute(name, variables), sources, content, destination)
            return
        available = {_ROOT / path: self._context.folder / path for path in self._context.files}
        for source in sources:
            found = _select(source, available, instruction)
            if not found:
                raise instruction.error(f"nothing in the build context {self._context.folder} matches {source!r}")
            _place(found, content, destination, many=len(sources) > 1)

    def _copy_from_stage(
        self, instruction: Instruction, name: str, sources: list[str], content: ImageContent, destination: str
    ) -> None:
        """Copy the files of another stage that come from the context; what RUN made there is left out."""
        stage = self._dockerfile.stage(name)
        if stage is None:
            # Software: modules come from the virtual environment, programs from this machine's packages.
            content.left_out.append(instruction.note(f"left out, as {name} is not at hand"))
            return
        available = self.content(stage).files
        for source in sources:
            _place(_select(source, available, instruction), content, destination, many=len(sources) > 1)


class _Found(NamedTuple):
    """A file that a source of COPY means."""

    inner: PurePosixPath
    """Its path below the copied folder; its name when the source means the file itself."""
    source: Path
    is_named: bool
    """Whether the source means the file itself rather than a folder it is in."""


def _select(pattern: str, available: Mapping[PurePosixPath, Path], instruction: Instruction) -> list[_Found]:
    """The files a source of COPY means: a file, what a pattern matches, or the content of a folder."""
    if ".." in PurePosixPath(pattern).parts:
        raise instruction.error(f"{pattern!r} leads out of the build context")
    parts = (_ROOT / pattern).parts
    expressions = [re.compile(fnmatch.translate(part)) for part in parts]
    found = []
    for path, source in available.items():
        if len(path.parts) >= len(parts) and all(
            expression.match(part) for expression, part in zip(expressions, path.parts, strict=False)
        ):
            is_named = len(path.parts) == len(parts)
            inner = PurePosixPath(path.name if is_named else PurePosixPath(*path.parts[len(parts) :]))
            found.append(_Found(inner, source, is_named))
    return found


def _place(found: list[_Found], content: ImageContent, destination: str, *, many: bool) -> None:
    """Put files where COPY's destination says: into a folder, or, one file alone, under a new name."""
    target = _inside(content.workdir, destination)
    renames = len(found) == 1 and found[0].is_named and not many
    if renames and not destination.endswith(("/", "/.")) and not _is_folder(content, target):
        content.files[target] = found[0].source
        return
    content.files |= {target / each.inner: each.source for each in found}


def _is_folder(content: ImageContent, path: PurePosixPath) -> bool:
    return path == _ROOT or path in content.directories or any(path in file.parents for file in content.files)


def _inside(workdir: PurePosixPath, path: str) -> PurePosixPath:
    return PurePosixPath(os.path.normpath(workdir / path))


def _is_remote_or_archive(source: str) -> bool:
    return "://" in source or source.startswith("git@") or bool(re.search(r"\.(tar(\.\w+)?|tgz|tbz2|txz)$", source))


def _anchored(line: str) -> str:
    """A line of .dockerignore in Git's syntax.

    Docker's patterns start at the context's root, where Git's match at any depth; both know `**`, and in both the last
    match decides. One difference remains: Docker allows `!kept` below a folder that is ignored as a whole, and so does
    this, where Git does not.
    """
    line = line.strip()
    if not line or line.startswith("#"):
        return ""
    negated, pattern = ("!", line[1:].strip()) if line.startswith("!") else ("", line)
    pattern = os.path.normpath(pattern).lstrip("/")
    return f"{negated}/{pattern}"
