"""`python -m assembly cost` as people and programs use it."""

import json
from pathlib import Path

import pytest

from assembly.cli import main
from tests.assembly.assemblies import write
from tests.assembly.cost.given import stated

SMALL = {"Resources": {"Secret": {"Type": "AWS::SecretsManager::Secret"}}}
LARGE = {
    "Resources": {
        "Address": {"Type": "AWS::EC2::EIP"},
        "Key": {"Type": "AWS::KMS::Key"},
        "Secret": {"Type": "AWS::SecretsManager::Secret"},
        "Balancer": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Scheme": "internal"}},
    }
}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return stated(tmp_path / "small", {"name": "shop/dev", "monthly_budget_usd": 1}, data=SMALL)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    return stated(tmp_path / "large", {"name": "shop/prod", "monthly_budget_usd": 20}, data=SMALL, api=LARGE)


def cells(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_environments_stand_side_by_side(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    beside = stated(small.parent / "beside", {"name": "shop/test", "monthly_budget_usd": 99}, data=SMALL, api=LARGE)
    assert main(["cost", "--assembly", str(small), str(beside)]) == 0
    lines = cells(capsys.readouterr().out)
    assert ["USD", "a", "month", "shop/dev", "shop/test"] in lines
    assert ["Secrets", "Manager", "0.40", "0.80"] in lines
    assert ["api", "-", "21.48"] in lines
    # 16.425 of the load balancer, 3.65 of the address, 1.00 of the key, and two secrets.
    assert ["total", "0.40", "21.88"] in lines
    assert ["budget", "1.00", "99.00"] in lines
    assert ["within", "within"] in lines
    assert ["round", "the", "clock", "0.40", "21.88"] in lines
    assert ["idle", "0.40", "21.88"] in lines


def test_over_budget_is_an_error_with_the_three_largest_lines(
    small: Path, large: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cost", "--assembly", str(small), str(large)]) == 1
    output = capsys.readouterr().out
    assert ["within", "over"] in cells(output)
    assert (
        "shop/prod costs 21.88 USD a month, over its budget of 20.00; the largest lines: "
        "Load balancer (api: Balancer) 16.43, Public IPv4 (api: Address) 3.65, KMS (api: Key) 1.00\n"
    ) in output


def test_resources_are_listed_when_asked_for(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--assembly", str(small)]) == 0
    assert "per secret-month" not in capsys.readouterr().out
    assert main(["cost", "--assembly", str(small), "--resources"]) == 0
    assert "0.40 Secrets Manager shop-data: Secret 1 at 0.4 per secret-month" in " ".join(
        capsys.readouterr().out.split()
    )


def test_programs_get_every_row(large: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--assembly", str(large), "--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["name"], found["within"], found["monthly_budget_usd"]) == ("shop/prod", False, 20)
    assert found["total_usd"] == pytest.approx(sum(row["usd"] for row in found["rows"]))
    assert {row["price"]["source"][:23] for row in found["rows"]} == {"https://aws.amazon.com/"}


def test_without_a_budget_nothing_is_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--assembly", str(write(tmp_path / "plain", data=SMALL))]) == 0
    assert ["budget", "-"] in cells(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--assembly", "nowhere"], "nowhere/manifest.json cannot be read (No such file or directory)"),
        (["--assembly", "SMALL", "--region", "mars-north-1"], "no prices for region mars-north-1; there are those of"),
        (["--assembly", "BROKEN"], "'budget' is unknown; allowed: name, region"),
        (["--assembly", "UNKNOWN"], "what AWS::AppMesh::Mesh costs is not known"),
        (["--currency", "EUR"], "unrecognized arguments: --currency EUR"),
    ],
)
def test_bad_input_is_told_in_one_line(
    arguments: list[str], message: str, small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mesh = {"Resources": {"Mesh": {"Type": "AWS::AppMesh::Mesh"}}}
    folders = {
        "SMALL": small,
        "BROKEN": stated(small.parent / "broken", {"budget": 1}, data=SMALL),
        "UNKNOWN": write(small.parent / "unknown", data=mesh),
    }
    assert main(["cost", *(str(folders.get(each, each)) for each in arguments)]) == 2
    told = capsys.readouterr()
    assert (told.out, len(told.err.splitlines())) == ("", 1)
    assert told.err.startswith("assembly: ")
    assert message in told.err
