"""What an app states about its costs, as the CDK writes it, and what is said of a statement that is none."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from assembly.cost.statement import Statement, Traffic, images, read_statement
from assembly.errors import InputError
from config.model import TrafficConfig
from constructs_lib.costs import COST_METADATA
from tests.assembly.assemblies import ENVIRONMENT, write
from tests.assembly.cost.given import stated

TEMPLATE = {"Resources": {"Secret": {"Type": "AWS::SecretsManager::Secret"}}}


def test_any_cdk_app_can_state_its_costs() -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Data", env=ENVIRONMENT)
    cdk.CfnResource(stack, "Secret", type="AWS::SecretsManager::Secret")
    stack.node.add_metadata("assembly:cost", {"monthly_budget_usd": 50, "traffic": {"requests_per_month": 1000}})
    folder = Path(app.synth().directory)
    assert read_statement(folder) == Statement(
        name=folder.name, monthly_budget_usd=50, traffic=Traffic(requests_per_month=1000)
    )
    assert "assembly:cost" not in (folder / "Data.template.json").read_text()


def test_what_this_app_states_is_what_is_read() -> None:
    assert COST_METADATA == "assembly:cost"
    known = {field.name for field in fields(Traffic)}
    assert TrafficConfig.model_fields.keys() <= known


def test_without_a_statement_there_is_no_budget_and_no_traffic(tmp_path: Path) -> None:
    statement = read_statement(write(tmp_path, data=TEMPLATE))
    assert statement == Statement(name=tmp_path.name, traffic=Traffic())
    assert statement.monthly_budget_usd is None


def test_metadata_in_the_manifest_itself_is_read_too(tmp_path: Path) -> None:
    write(tmp_path, data=TEMPLATE)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    entry = {"type": "assembly:cost", "data": {"name": "shop/dev"}}
    manifest["artifacts"]["data"]["metadata"] = {"/data": [entry]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert read_statement(tmp_path).name == "shop/dev"


def test_statements_of_nested_assemblies_count(tmp_path: Path) -> None:
    stated(tmp_path / "inner", {"name": "shop/dev"}, data=TEMPLATE)
    outer = tmp_path / "outer"
    outer.mkdir()
    artifact = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "../inner"}}
    (outer / "manifest.json").write_text(json.dumps({"artifacts": {"stage": artifact}}))
    assert read_statement(outer).name == "shop/dev"
    assert images(outer) == {}


def test_the_same_statement_twice_is_one_and_two_that_differ_are_refused(tmp_path: Path) -> None:
    folder = stated(tmp_path, {"name": "a"}, data=TEMPLATE)
    file = folder / "data.metadata.json"
    entries = json.loads(file.read_text())
    file.write_text(json.dumps({**entries, "/data/Other": entries["/data"]}))
    assert read_statement(folder).name == "a"
    other = [{"type": "assembly:cost", "data": {"name": "b"}}]
    file.write_text(json.dumps({**entries, "/data/Other": other}))
    with pytest.raises(InputError, match="assembly:cost of /data/Other differs from that of /data; state it once"):
        read_statement(folder)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (7, "is no object; allowed in it: name, region, monthly_budget_usd, traffic"),
        ({"budget": 7}, "'budget' is unknown; allowed: name, region, monthly_budget_usd, traffic"),
        ({"monthly_budget_usd": "50"}, "monthly_budget_usd = '50'; allowed: a number of 0 or more"),
        ({"monthly_budget_usd": True}, "monthly_budget_usd = True; allowed: a number"),
        ({"traffic": [1]}, "traffic = [1] is no object"),
        ({"traffic": {"requests": 1}}, "traffic: 'requests' is unknown; allowed: requests_per_month, "),
        ({"traffic": {"log_gib_per_month": -1}}, "traffic.log_gib_per_month = -1; allowed: a number of 0 or more"),
    ],
)
def test_a_statement_that_is_none_is_told_in_one_line(statement: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read_statement(stated(tmp_path, statement, data=TEMPLATE))
    message = str(refused.value)
    assert message.startswith(f"{tmp_path}: assembly:cost of /data")
    assert told in message
    assert len(message.splitlines()) == 1


def test_a_file_of_metadata_that_is_gone_is_named(tmp_path: Path) -> None:
    folder = stated(tmp_path, {}, data=TEMPLATE)
    (folder / "data.metadata.json").unlink()
    with pytest.raises(InputError, match=r"data\.metadata\.json cannot be read \(No such file.*\); synthesize anew"):
        read_statement(folder)


def test_a_file_of_metadata_that_is_broken_is_named(tmp_path: Path) -> None:
    folder = stated(tmp_path, {}, data=TEMPLATE)
    (folder / "data.metadata.json").write_text('{"assembly:cost"')
    with pytest.raises(InputError, match=r"data\.metadata\.json is no JSON"):
        read_statement(folder)
