"""The sum of it all: free tiers, months awake and idle, the largest lines, the budget."""

import json
from pathlib import Path
from typing import Any

import pytest

from assembly.cost.bill import Bill, compute, read_bill
from assembly.cost.known import FREE, PRICED
from assembly.cost.statement import Statement, Traffic
from assembly.errors import InputError
from assembly.templates import read
from tests.assembly.assemblies import write
from tests.assembly.cost.given import HOURS, bill, stated

SECRET = {"Type": "AWS::SecretsManager::Secret"}
ALARM = {"Type": "AWS::CloudWatch::Alarm"}
CLUSTER = {
    "Type": "AWS::RDS::DBCluster",
    "ServerlessV2ScalingConfiguration": {"MinCapacity": 0, "MaxCapacity": 2},
}
WRITER = {"Type": "AWS::RDS::DBInstance", "DBInstanceClass": "db.serverless", "DBClusterIdentifier": {"Ref": "Cluster"}}


def template(**given: dict[str, Any]) -> dict[str, Any]:
    return {"Resources": given}


def test_quantities_are_multiplied_by_their_prices(tmp_path: Path) -> None:
    found = bill(tmp_path, One=SECRET, Two=SECRET, Key={"Type": "AWS::KMS::Key"})
    assert found.total_usd == pytest.approx(2 * 0.40 + 1.00)
    assert found.by_kind() == pytest.approx({"Secrets Manager": 0.80, "KMS": 1.00})


def test_the_documents_figures_of_a_paused_and_an_awake_database(tmp_path: Path) -> None:
    # Half a unit at $0.12 an hour: 43.80 all month, 10.56 for 8 hours on 22 days; and nothing while it is paused.
    traffic = Traffic(database_gib=0, database_awake_hours_per_month=8 * 22)
    found = bill(tmp_path, traffic, Cluster=CLUSTER, Writer=WRITER)
    assert found.total_usd == pytest.approx(10.56)
    assert found.awake_usd == pytest.approx(43.80)
    assert found.idle_usd == 0


def test_a_free_tier_comes_off_once_and_is_shared_by_all(tmp_path: Path) -> None:
    found = bill(tmp_path, Traffic(), **{f"Alarm{number}": ALARM for number in range(16)})
    # Ten of sixteen are free.
    assert found.total_usd == pytest.approx(6 * 0.10)
    assert sum(row.free for row in found.rows) == pytest.approx(10)
    assert {row.free for row in found.rows} == {10 / 16}


def test_less_than_a_free_tier_costs_nothing(tmp_path: Path) -> None:
    found = bill(tmp_path, Alarm=ALARM)
    assert found.total_usd == 0
    assert [row.free for row in found.rows] == [1]


def test_a_free_tier_is_common_to_what_shares_it(tmp_path: Path) -> None:
    # 100 GiB a month are free; 150 GiB at 0.09.
    found = bill(tmp_path, Traffic(out_gib_per_month=150), Vpc={"Type": "AWS::EC2::VPC"})
    assert found.total_usd == pytest.approx(50 * 0.09)


def test_stacks_are_named_without_what_all_of_them_begin_with(tmp_path: Path) -> None:
    assembly = read(write(tmp_path, data=template(S=SECRET), dashboards=template(K={"Type": "AWS::KMS::Key"})))
    found = compute(assembly, Statement(name="shop", traffic=Traffic()))
    assert found.by_stack() == pytest.approx({"data": 0.40, "dashboards": 1.00})
    assert found.largest(1) == [("KMS (dashboards: K)", 1.00)]


def images(folder: Path, count: int) -> Bill:
    """A bill of an assembly that brings container images, as the CDK notes them."""

    write(folder, api=template(S=SECRET))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["artifacts"]["api.assets"] = {"type": "cdk:asset-manifest", "properties": {"file": "api.assets.json"}}
    manifest["artifacts"]["api"]["dependencies"] = ["api.assets"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "api.assets.json").write_text(json.dumps({"dockerImages": {str(number): {} for number in range(count)}}))
    return read_bill(folder)


def test_container_images_are_kept_in_the_repository_of_the_assets(tmp_path: Path) -> None:
    found = images(tmp_path, 2)
    # Two images, ten versions of each, of 0.3 GiB.
    assert found.by_kind()["ECR"] == pytest.approx(2 * 10 * 0.3 * 0.10)
    assert "ECR" not in images(tmp_path, 0).by_kind()


@pytest.mark.parametrize(("budget", "over"), [(0.79, True), (0.80, False), (None, False)])
def test_a_budget_is_kept_to_the_cent(budget: float | None, over: bool, tmp_path: Path) -> None:
    statement = {"monthly_budget_usd": budget} if budget is not None else {}
    found = read_bill(stated(tmp_path, statement, data=template(One=SECRET, Two=SECRET)))
    assert found.over_budget is over


def test_a_type_that_is_neither_priced_nor_free_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        bill(tmp_path, Mesh={"Type": "AWS::AppMesh::Mesh"}, Pool={"Type": "AWS::Cognito::UserPool"}, Secret=SECRET)
    assert str(refused.value) == (
        "what AWS::AppMesh::Mesh, AWS::Cognito::UserPool costs is not known; price it in assembly/cost/, or list it as "
        "free in assembly/cost/known.py"
    )


def test_what_is_free_has_its_reason_and_no_price() -> None:
    assert all(len(reason) > 10 for reason in FREE.values())
    assert FREE.keys() & PRICED.keys() == set()


def test_custom_resources_are_free(tmp_path: Path) -> None:
    assert bill(tmp_path, Custom={"Type": "Custom::DatabaseMigrations"}).total_usd == 0


def test_the_region_of_prices_is_the_one_that_is_stated(tmp_path: Path) -> None:
    folder = stated(tmp_path, {"region": "sa-east-1"}, data=template(One=SECRET))
    with pytest.raises(InputError, match=r"^no prices for region sa-east-1; there are those of us-east-1$"):
        read_bill(folder)
    # The stacks of the assembly itself are for eu-central-1, which has no say in it.
    assert read_bill(folder, "us-east-1").region == "us-east-1"


def test_an_hour_is_a_730th_of_a_month(tmp_path: Path) -> None:
    found = bill(tmp_path, Address={"Type": "AWS::EC2::EIP"})
    assert found.total_usd == pytest.approx(HOURS * 0.005)
    assert [row.formula for row in found.rows] == ["730 at 0.005 per address-hour"]
