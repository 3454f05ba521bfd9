"""All sets over every environment, and over an app that somebody wrote in a hurry."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from assembly.promises.check import RULES
from constructs_lib.project import PROJECT_ROOT
from gates.security.acknowledged import every, read_subjects
from gates.security.command import look, synthesize
from gates.security.finding import CHECKOV, SETS, Finding
from gates.security.page import PAGE, page
from gates.security.promises import GUARD_FILE
from gates.security.report import as_text
from gates.security.verdict import judge
from tests.support.synth import all_environments

# Synthesis and scanners take minutes on a machine that does other things as well.
pytestmark = pytest.mark.timeout(3000)

CHECKOV_FOLDER = "build/checkov"
PROMISED = re.findall(r"^rule (\w+)", GUARD_FILE.read_text(), re.MULTILINE)
NAIVE = "naive/dev"


@pytest.fixture(scope="module")
def checkov() -> Path:
    """The program, in the environment that `make security` makes for it."""
    subprocess.run(  # noqa: S603  # the project's own Makefile
        ["make", "--silent", f"{CHECKOV_FOLDER}/.installed"],  # noqa: S607
        cwd=PROJECT_ROOT,
        check=True,
        timeout=600,
    )
    return PROJECT_ROOT / CHECKOV_FOLDER / "bin" / "checkov"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, checkov: Path) -> list[Finding]:
    return look(synthesize(names(), tmp_path_factory.mktemp("security") / "assemblies"), checkov)


@pytest.fixture(scope="module")
def naive(tmp_path_factory: pytest.TempPathFactory, checkov: Path) -> list[Finding]:
    folder = tmp_path_factory.mktemp("naive") / "assembly"
    subprocess.run(  # noqa: S603  # the tests' own program
        [sys.executable, "-m", "tests.gates.naive", str(folder)],
        cwd=PROJECT_ROOT,
        env={**os.environ, "CDK_VALIDATION": "true"},
        capture_output=True,
        check=True,
        timeout=600,
    )
    return look({NAIVE: folder}, checkov)


def names() -> Sequence[str]:
    return ["/".join(each) for each in all_environments()]


def test_nothing_is_unexplained_and_nothing_is_acknowledged_in_vain(found: list[Finding]) -> None:
    verdict = judge(found, every(read_subjects()), names(), whole=True)
    assert verdict.is_fine, "\n" + as_text(verdict)


def test_every_set_looks_at_every_environment(found: list[Finding]) -> None:
    """Each set but the validation and the promises finds something everywhere, if only to be acknowledged."""
    silent = {"validation", "promises"}
    looked = {(each.set, each.environment) for each in found}
    assert {(name, environment) for name in SETS if name not in silent for environment in names()} <= looked


@pytest.mark.parametrize("rule", PROMISED)
def test_the_naive_app_breaks_each_promise(naive: list[Finding], rule: str) -> None:
    assert rule in {each.rule for each in naive}


@pytest.mark.parametrize("rule", RULES)
def test_the_naive_app_breaks_each_promise_across_stacks(naive: list[Finding], rule: str) -> None:
    assert rule in {each.rule for each in naive}


@pytest.mark.parametrize("name", SETS)
def test_the_naive_app_fails_each_set(naive: list[Finding], name: str) -> None:
    kept = judge(naive, every(read_subjects()), [NAIVE], whole=False)
    assert name in {each.set for each in kept.unexplained}


def test_a_folder_s_name_is_no_secret(tmp_path: Path, checkov: Path) -> None:
    """Forty letters and slashes in a row are a secret of AWS to checkov, which puts the file among the variables."""
    before = re.split(r"[^A-Za-z0-9/+=]", str(tmp_path))[-1]
    folder = tmp_path / f"{'a' * (40 - len(before) - 1)}-dev"
    shutil.copytree(synthesize(["ticketero/dev"], tmp_path / "assemblies")["ticketero/dev"], folder)
    told = [each for each in look({"ticketero/dev": folder}, checkov) if each.rule == "CKV_AWS_45"]
    assert told == []


def test_each_finding_says_where_and_why(naive: list[Finding]) -> None:
    assert all(each.place and each.why for each in naive)
    assert all(each.fix for each in naive if each.set != CHECKOV and each.rule in PROMISED)


def test_the_page_is_what_the_files_say() -> None:
    assert (PROJECT_ROOT / PAGE).read_text() == page(read_subjects()), "run make security-docs"
