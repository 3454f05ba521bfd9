"""The bootstrap template of the pinned CDK CLI, with what it leaves out."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from constructs_lib.project import PROJECT_ROOT
from deployment.bootstrap import scanned_on_push
from deployment.errors import InputError

TEMPLATE = PROJECT_ROOT / "node_modules" / "aws-cdk" / "lib" / "api" / "bootstrap" / "bootstrap-template.yaml"


def repository(template: str) -> dict[str, Any]:
    (found,) = (
        each["Properties"]
        for each in yaml.safe_load(template)["Resources"].values()
        if each["Type"] == "AWS::ECR::Repository"
    )
    it: dict[str, Any] = found
    return it


@pytest.fixture(scope="module")
def template() -> str:
    return Path(TEMPLATE).read_text()


def test_the_cli_leaves_scanning_to_the_account(template: str) -> None:
    """Once it does not, there is nothing left to add."""
    assert "ImageScanningConfiguration" not in repository(template)


def test_images_are_scanned_as_they_are_pushed_and_nothing_else_is_other(template: str) -> None:
    changed = scanned_on_push(template)
    assert repository(changed)["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert repository(changed)["ImageTagMutability"] == "IMMUTABLE"
    before, after = yaml.safe_load(template), yaml.safe_load(changed)
    del after["Resources"]["ContainerAssetsRepository"]["Properties"]["ImageScanningConfiguration"]
    assert after == before


def test_a_template_that_scans_already_stays_as_it_is(template: str) -> None:
    assert scanned_on_push(scanned_on_push(template)) == scanned_on_push(template)


def test_a_template_without_a_repository_is_refused() -> None:
    with pytest.raises(InputError, match="has 0 repositories of images"):
        scanned_on_push("Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n")
