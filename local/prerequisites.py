"""What this machine must have before an assembly can be deployed, and what it cannot have."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from local import programs
from local.cloud_assembly import Assembly
from local.dockerfile import read_dockerfile
from local.errors import LocalError

STAND_INS: Mapping[str, str] = MappingProxyType(
    {
        "AWS::OpenSearchService::Domain": "no OpenSearch engine is at hand: the domain's control plane stands in, "
        "and its endpoint does not answer",
    }
)
"""What works otherwise than on AWS, by CloudFormation type."""

_FOLDERS_OF_PROGRAMS = frozenset({"bin", "sbin"})


def require_programs(assembly: Assembly) -> None:
    """Make sure that what the deployment runs is installed.

    Raises:
        LocalError: something is missing; the message has a line for each, with what to type.
    """
    advice = [*programs.missing(assembly.types()), *sorted(_missing_in_images(assembly))]
    if advice:
        raise LocalError("\n  ".join(["nothing was deployed, because this machine lacks programs:", *advice]))


def stand_ins(types: frozenset[str]) -> list[str]:
    """A sentence for each of the types that works otherwise than on AWS."""
    return [sentence for kind, sentence in STAND_INS.items() if kind in types]


def _missing_in_images(assembly: Assembly) -> set[str]:
    known = {
        command: program for group in programs.NEEDED.values() for program in group for command in program.commands
    }
    advice = set()
    for dockerfile, name in _copied_programs(assembly.dockerfiles):
        program = known.get(name)
        found = program.find(preferred=name) if program else shutil.which(name)
        if found is None:
            install = f"type: sudo apt-get install {program.package}" if program else "put it into the PATH"
            advice.add(f"the image of {dockerfile.name} needs {name}; {install}")
    return advice


def _copied_programs(dockerfiles: frozenset[Path]) -> Iterator[tuple[Path, str]]:
    """The programs that come out of other images, which are not at hand: this machine's stand for them."""
    for path in sorted(dockerfiles):
        dockerfile = read_dockerfile(path, {})
        for stage in dockerfile.stages:
            for instruction in stage.instructions:
                image = instruction.flags.get("from") if instruction.name == "COPY" else None
                if image is None or dockerfile.stage(image) is not None:
                    continue
                for source in map(PurePosixPath, instruction.words({})[:-1]):
                    if source.parent.name in _FOLDERS_OF_PROGRAMS:
                        yield path, source.name
