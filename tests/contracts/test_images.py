"""What the Dockerfiles make, and what task definitions expect of it, go together."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.project import SERVICES_FOLDER
from tests.support.synth import all_environments, synthesize

DOCKERFILES = sorted(SERVICES_FOLDER.glob("*Dockerfile"))
# Images that are started from or copied from; a stage of the same file has neither a tag nor a digest.
IMAGES = re.compile(r"^(?:FROM(?:\s+--\S+)*\s+|COPY\s+--from=)(\S+)", re.MULTILINE)
DIGEST = re.compile(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}")
# Those of people with sessions: its agent writes to the root file system, and AWS refuses it a read-only one.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
WRITABLE_FOR_SESSIONS = {"Prometheus"}


@pytest.fixture(params=DOCKERFILES, ids=lambda path: path.name)
def dockerfile(request: pytest.FixtureRequest) -> str:
    path: Path = request.param
    return path.read_text()


def containers() -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Every container: system and environment, Dockerfile, definition, and the resource of its service."""
    found = []
    for names in all_environments():
        assembly = synthesize(*names)
        sources = {}
        for assets in assembly.folder.glob("*.assets.json"):
            for digest, image in json.loads(assets.read_text()).get("dockerImages", {}).items():
                sources[digest] = image["source"].get("dockerFile", "Dockerfile")
        services = {
            service["Properties"]["TaskDefinition"]["Ref"]: service
            for service in assembly.resources("AWS::ECS::Service").values()
        }
        for place, task in assembly.resources("AWS::ECS::TaskDefinition").items():
            for definition in task["Properties"]["ContainerDefinitions"]:
                (source,) = (sources[digest] for digest in sources if digest in json.dumps(definition["Image"]))
                found.append(("/".join((*names, place)), source, definition, services[place.partition("/")[2]]))
    return found


CONTAINERS = containers()


def test_what_an_image_is_made_of_is_pinned_by_digest(dockerfile: str) -> None:
    """A tag is moved to other contents at will: the same commit would make other images."""
    images = IMAGES.findall(dockerfile)
    assert images
    assert [image for image in images if not DIGEST.fullmatch(image)] == []


def test_a_tag_is_not_taken_for_a_digest() -> None:
    found = IMAGES.findall("FROM --platform=linux/arm64 python:3.13-slim AS a\nCOPY --from=prom/prometheus:v3 /a /a\n")
    assert found == ["python:3.13-slim", "prom/prometheus:v3"]
    assert [image for image in found if DIGEST.fullmatch(image)] == []


def test_no_container_runs_as_root() -> None:
    """In its definition as in its image: files are readable to this user, and whatever the image says counts not."""
    assert len(CONTAINERS) > 20
    for place, source, definition, _ in CONTAINERS:
        users = re.findall(r"^USER (\S+)", (SERVICES_FOLDER / source).read_text(), re.MULTILINE)
        assert users[-1:] == [definition["User"]], place
        assert definition["User"] not in {"0", "root"}, place


def test_no_container_has_a_right_of_root() -> None:
    for place, _, definition, _ in CONTAINERS:
        assert definition["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}, place
        assert definition["LinuxParameters"]["InitProcessEnabled"] is True, place
        assert definition.get("Privileged", False) is False, place


def test_containers_write_to_volumes_of_their_image_only() -> None:
    """Fargate gives a volume the owner and the mode that VOLUME has in the image; without, it belongs to root."""
    excepted = set()
    for place, source, definition, service in CONTAINERS:
        declared = re.findall(
            r'"(/[^"]+)"', "".join(re.findall(r"^VOLUME (.*)", (SERVICES_FOLDER / source).read_text(), re.MULTILINE))
        )
        assert [point["ContainerPath"] for point in definition.get("MountPoints", [])] == declared, place
        if service["Properties"].get("EnableExecuteCommand"):
            assert definition["Name"] in WRITABLE_FOR_SESSIONS, place
            excepted.add(definition["Name"])
        else:
            assert definition["ReadonlyRootFilesystem"] is True, place
    assert excepted == WRITABLE_FOR_SESSIONS, "an exception that nothing needs"
