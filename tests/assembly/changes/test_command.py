"""`python -m assembly changes` as people and programs use it."""

import json
from pathlib import Path
from typing import Any

import pytest

from assembly.cli import main
from tests.assembly.assemblies import write
from tests.assembly.changes.given import CLUSTER, FUNCTION, QUEUE, output, resource, template

Content = dict[str, dict[str, Any]]


def state(queue: str = "orders", cluster: str = "ClusterABC") -> Content:
    return {
        "data": template(
            {"Queue": {"Ref": "Queue"}},
            Queue=resource(QUEUE, {"QueueName": queue}, DeletionPolicy="Retain", UpdateReplacePolicy="Retain"),
            **{cluster: resource(CLUSTER, DeletionPolicy="Delete")},
        ),
        "api": template(Function=resource(FUNCTION, {"Description": output("shop-data", "Queue")})),
    }


def changes(tmp_path: Path, old: Content, new: Content, *arguments: str) -> int:
    before, after = write(tmp_path / "before", **old), write(tmp_path / "after", **new)
    return main(["changes", "--from", str(before), "--to", str(after), *arguments])


def test_no_change_is_safe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert changes(tmp_path, state(), state()) == 0
    assert capsys.readouterr().out == "3 unchanged\n"


def test_a_danger_stops_with_its_recipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert changes(tmp_path, state(), state(cluster="StoreDEF")) == 1
    printed = capsys.readouterr().out
    assert printed.splitlines()[0] == "2 unchanged, 1 added, 1 replaces"
    assert (
        "STOP: shop-data/ClusterABC (AWS::RDS::DBCluster, ClusterABC) holds databases, and would be replaced" in printed
    )
    assert 'override_logical_id("ClusterABC")' in printed
    assert "the old one is deleted" in printed
    assert "CONFIRM='ClusterABC'" in printed


def test_consumers_are_told_with_their_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert changes(tmp_path, state(), state(queue="bills"), "--confirm", "Queue") == 0
    printed = capsys.readouterr().out
    assert "confirmed: shop-data/Queue replaces" in printed
    assert "STOP" not in printed
    assert f"  cdk deploy --app {tmp_path}/after --exclusively --force api\n    holds shop-data/Queue\n" in printed


def test_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert changes(tmp_path, state(), state(queue="bills", cluster="StoreDEF"), "--json", "--confirm", "Queue") == 1
    document = json.loads(capsys.readouterr().out)
    assert document["safe"] is False
    assert document["counts"] == {"added": 1, "in place": 1, "replaces": 2}
    found = {change["logical_id"]: change for change in document["changes"]}
    assert found["ClusterABC"]["stops"] is True
    assert found["ClusterABC"]["successor"] == "shop-data/StoreDEF"
    assert found["ClusterABC"]["recipe"]
    assert (found["Queue"]["kind"], found["Queue"]["stops"]) == ("replaces", False)
    assert found["Queue"]["old"] == "stays in the account, unmanaged"
    (again,) = document["redeploy"]
    assert again["command"] == f"cdk deploy --app {tmp_path}/after --exclusively --force api"


def test_folders_of_templates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As CloudFormation gives them, without a manifest."""
    for name, content in (("before", state()), ("after", state(queue="bills"))):
        folder = tmp_path / name
        folder.mkdir()
        for stack, suffix in (("data", ".json"), ("api", ".template.json")):
            (folder / f"shop-{stack}{suffix}").write_text(json.dumps(content[stack]))
    assert main(["changes", "--from", str(tmp_path / "before"), "--to", str(tmp_path / "after")]) == 1
    assert "  cdk deploy --exclusively --force shop-api\n" in capsys.readouterr().out


def test_traces_are_told_and_stop_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs = template(Logs=resource("AWS::Logs::LogGroup"), Queue=resource(QUEUE))
    assert changes(tmp_path, {"data": logs}, {"data": template(Queue=resource(QUEUE))}) == 0
    assert "shop-data/Logs: logs; aws logs create-export-task" in capsys.readouterr().out


def broken(folder: Path, content: str | None, name: str = "data.json") -> Path:
    if content is not None:
        folder.mkdir()
        (folder / name).write_text(content)
    return folder


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (None, "", "is no folder; name a cloud assembly, or a folder with a template per stack"),
        ("x", "readme.txt", "holds no stack; synthesize an app into it (cdk synth --all --output "),
        ("{}", "manifest.json", "holds no stack"),
        ("{", "data.json", "data.json is no JSON: "),
        ("{", "manifest.json", "manifest.json is no JSON: "),
        ("[]", "data.json", "data.json is no JSON object"),
        ("{}", "data.json", "data.json is no CloudFormation template: it has no Resources"),
        ('{"Resources": {"It": 1}}', "data.json", "data.json is no CloudFormation template"),
    ],
)
def test_bad_folders_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, name: str, message: str
) -> None:
    good, bad = write(tmp_path / "good", **state()), broken(tmp_path / "bad", content, name)
    for before, after in ((good, bad), (bad, good)):
        assert main(["changes", "--from", str(before), "--to", str(after)]) == 2
        given = capsys.readouterr()
        assert message in given.err
        assert given.err.startswith("assembly: ")
        assert len(given.err.splitlines()) == 1
        assert given.out == ""


def test_a_needless_confirmation_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert changes(tmp_path, state(), state(queue="bills"), "--confirm", "Qeueu") == 2
    given = capsys.readouterr()
    assert given.err == "assembly: nothing would be lost with Qeueu; leave it out of what is confirmed\n"
    assert given.out == ""


def test_from_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["changes"]) == 2
    assert "required: --from" in capsys.readouterr().err
