"""`app.py` refuses to synthesize what costs more than its budget."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from constructs_lib.project import PROJECT_ROOT
from tests.support.synth import CERTIFICATE_ARN, cdk_context

# The app as the CLI runs it, with another budget in its configuration and no package index needed.
WITH_BUDGET = """
import runpy
import sys
from dataclasses import replace

from config import load
from constructs_lib import providers
from tests.support.synth import empty_package

former = load.load_on


def with_budget(*arguments):
    config = former(*arguments)
    return config.model_copy(
        update={"cost": config.cost.model_copy(update={"monthly_budget_usd": float(sys.argv[1])})}
    )


load.load_on = with_budget
providers._PROVIDERS["aws"] = replace(providers.AWS, dependencies_package=empty_package)
runpy.run_path("app.py", run_name="__main__")
"""


def run(monthly_budget_usd: float, outdir: Path, **context: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(outdir),
        "CDK_CONTEXT_JSON": json.dumps(cdk_context() | {"aws:cdk:enable-path-metadata": True} | context),
        "CDK_VALIDATION": "false",
    }
    return subprocess.run(  # noqa: S603  # the project's own program
        [sys.executable, "-c", WITH_BUDGET, str(monthly_budget_usd)],
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_over_budget_is_refused_with_the_three_largest_lines(tmp_path: Path) -> None:
    done = run(20, tmp_path)
    assert done.returncode == 2
    told = done.stderr.strip().splitlines()[-2:]
    assert told[0] == "groundwork: configuration notifications/dev:"
    assert told[1].startswith("  cost.monthly_budget_usd = 20.0: the templates cost ")
    assert "the largest lines: Load balancer (api: LoadBalancer/LoadBalancer) 16.43, Aurora (database: " in told[1]
    assert ", Public IPv4 (api: LoadBalancer/LoadBalancer) 7.30; make them smaller, or raise the budget" in told[1]
    # Nobody deploys it by its folder.
    assert not (tmp_path / "manifest.json").exists()


def test_the_table_of_costs_gets_it_all_the_same(tmp_path: Path) -> None:
    # Without a certificate there would be a warning of plain HTTP, and later in time one of what ends.
    done = run(20, tmp_path, budget="ignored", certificate_arn=CERTIFICATE_ARN, today="2026-06-01")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "manifest.json").exists()


def test_the_embedded_cloud_costs_nothing(tmp_path: Path) -> None:
    assert run(20, tmp_path, provider="local").returncode == 0


@pytest.mark.parametrize("budget", ["", "none"])
def test_a_choice_that_is_none_is_refused(budget: str, tmp_path: Path) -> None:
    done = run(50, tmp_path, budget=budget)
    assert done.returncode == 2
    assert f"budget = {budget!r}: no such choice; allowed: kept, ignored" in done.stderr
