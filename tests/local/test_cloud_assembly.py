import json
from pathlib import Path
from typing import Any

import pytest

from local.cloud_assembly import read_assembly


def write(folder: Path, stacks: dict[str, dict[str, Any]], **artifacts: Any) -> None:
    """An assembly as the CDK writes it, as far as it is read."""
    folder.mkdir(exist_ok=True)
    for name, resources in stacks.items():
        (folder / f"{name}.template.json").write_text(json.dumps({"Resources": resources}))
        properties = {"templateFile": f"{name}.template.json", "stackName": f"t-{name.lower()}"}
        artifacts[name] = {"type": "aws:cloudformation:stack", "displayName": f"Stage/{name}", "properties": properties}
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "cdk.out"
    nested = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "nested"}}
    images = {
        "a": {"source": {"directory": "asset.1", "dockerFile": "other.Dockerfile"}},
        "b": {"source": {"directory": "asset.2"}},
        "c": {"source": {"executable": ["make"]}},
    }
    container = {"Environment": [{"Name": "SENDER", "Value": "a@b.c"}, {"Name": "HOST", "Value": {"Ref": "Host"}}]}
    task = {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [container, {}]}}
    write(
        folder,
        {"Api": {"Task": task}},
        Stage=nested,
        Tree={"type": "cdk:tree"},
        Assets={"type": "cdk:asset-manifest", "properties": {"file": "Api.assets.json"}},
    )
    (folder / "Api.assets.json").write_text(json.dumps({"dockerImages": images}))
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": {"SENDER": "d@e.f"}}}}
    write(folder / "nested", {"Worker": {"Function": function, "Wait": {"Type": "AWS::SQS::Queue"}}})
    return folder


def test_stacks_of_stages_are_among_the_stacks(folder: Path) -> None:
    stacks = read_assembly(folder).stacks
    assert {(stack.id, stack.name) for stack in stacks} == {("Stage/Api", "t-api"), ("Stage/Worker", "t-worker")}


def test_every_type_in_use_is_known(folder: Path) -> None:
    types = {"AWS::ECS::TaskDefinition", "AWS::Lambda::Function", "AWS::SQS::Queue"}
    assert read_assembly(folder).types() == types


def test_values_of_a_variable_are_found_in_containers_and_functions(folder: Path) -> None:
    assert read_assembly(folder).variables("SENDER") == {"a@b.c", "d@e.f"}


def test_a_value_that_only_the_deployment_knows_is_left_out(folder: Path) -> None:
    assert read_assembly(folder).variables("HOST") == set()


def test_the_dockerfile_of_each_image_is_named(folder: Path) -> None:
    found = read_assembly(folder).dockerfiles
    assert found == {folder / "asset.1/other.Dockerfile", folder / "asset.2/Dockerfile"}


@pytest.mark.parametrize("content", [None, "no json"])
def test_what_is_no_assembly_has_no_stacks(tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / "manifest.json").write_text(content)
    assert read_assembly(tmp_path).stacks == ()
