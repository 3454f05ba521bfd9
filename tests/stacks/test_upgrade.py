"""From the last release to the templates of today: nobody who upgrades loses data."""

import json
import subprocess
from pathlib import Path

import pytest

from assembly.changes.classify import compare
from assembly.changes.model import Cause, Fate, Kind
from assembly.changes.report import as_text
from assembly.changes.sources import TemplateSet
from tests.stacks.releases import essence, last_release, released, today
from tests.support.synth import all_environments

CLUSTER = "NotificationsClusterF92544EA"


@pytest.fixture(scope="module")
def release() -> dict[tuple[str, str], TemplateSet]:
    return released()


@pytest.mark.parametrize(("system", "environment"), all_environments())
def test_an_upgrade_loses_nothing(release: dict[tuple[str, str], TemplateSet], system: str, environment: str) -> None:
    if (system, environment) not in release:
        pytest.skip(f"{system}/{environment} is newer than the last release")
    comparison = compare(release[system, environment], today(system, environment))
    told = as_text(comparison, None)
    assert comparison.dangers() == [], told[told.index("STOP") :]
    # Proof that it has compared something: what holds data was there, and still is.
    assert any(change.holding and change.kind in {Kind.UNCHANGED, Kind.IN_PLACE} for change in comparison.changes)


def test_no_released_environment_is_taken_away(release: dict[tuple[str, str], TemplateSet]) -> None:
    """Whoever runs it could not deploy any more."""
    assert release.keys() - set(all_environments()) == set()


@pytest.mark.parametrize(
    ("environment", "fate"), [("dev", Fate.DELETED), ("staging", Fate.SNAPSHOT), ("prod", Fate.KEPT)]
)
def test_a_renamed_cluster_is_found(release: dict[tuple[str, str], TemplateSet], environment: str, fate: Fate) -> None:
    renamed = today("notifications", environment, lambda text: text.replace(CLUSTER, "StoreCluster1234ABCD"))
    (danger,) = compare(release["notifications", environment], renamed).dangers()
    assert (danger.logical_id, danger.kind, danger.cause, danger.fate) == (CLUSTER, Kind.REPLACES, Cause.RENAMED, fate)
    assert danger.successor == (f"notifications-{environment}-database", "StoreCluster1234ABCD")


def test_what_is_kept_decides_as_the_whole_templates_do() -> None:
    before = today("ticketero", "prod")
    after = today("ticketero", "prod", lambda text: text.replace("10.0.0.0/16", "10.1.0.0/16"))
    kept = TemplateSet(
        stacks={
            name: type(stack)(name=name, id=name, template=template, region=stack.region)
            for name, template in essence(before).items()
            for stack in [before.stacks[name]]
        }
    )
    by_whole, by_kept = (
        {(change.name, change.kind) for change in compare(state, after).dangers()} for state in (before, kept)
    )
    assert by_kept == by_whole
    assert by_whole  # another VPC takes the broker with it


def test_a_tag_comes_before_what_is_kept(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)  # noqa: S603, S607

    folder = tmp_path / "tests/stacks/__snapshots__/test_snapshots"
    folder.mkdir(parents=True)
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    (folder / "test_template[shop-dev-Queue].json").write_text(json.dumps(template))
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "First")
    assert last_release(tmp_path) is None
    assert ("notifications", "dev") in released(tmp_path)
    git("tag", "v1.0.0")
    assert last_release(tmp_path) == "v1.0.0"
    assert last_release(folder) is None  # a folder of somebody else's repository
    (found,) = released(tmp_path).items()
    assert found[0] == ("shop", "dev")
    assert found[1].resource("shop-dev-queue", "Queue") == {"Type": "AWS::SQS::Queue"}
