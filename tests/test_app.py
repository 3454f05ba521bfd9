"""`app.py` as the CDK CLI runs it: what is asked for by context, and what comes of asking for something wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from constructs_lib.project import PROJECT_ROOT
from tests.support.synth import all_environments, cdk_context, overrides_for


def run_app(outdir: Path, context: dict[str, str], *, validation: bool = False) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(outdir),
        "CDK_CONTEXT_JSON": json.dumps(cdk_context() | context),
        "CDK_VALIDATION": str(validation).lower(),
    }
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(("system", "environment"), all_environments())
def test_cloudformation_rules_find_no_fault(system: str, environment: str, tmp_path: Path) -> None:
    """The rule engine of the CDK knows values that CloudFormation would refuse during the deployment."""
    context = {"system": system, "env": environment, "provider": "local"} | overrides_for(system, environment)
    run = run_app(tmp_path, context, validation=True)
    assert run.returncode == 0, run.stderr
    report = json.loads((tmp_path / "validation-report.json").read_text())
    assert [finding for plugin in report["pluginReports"] for finding in plugin["violations"]] == []


def test_default_is_notifications_in_dev(tmp_path: Path) -> None:
    assert run_app(tmp_path, {"provider": "local"}).returncode == 0
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["artifacts"]["Network"]["properties"]["stackName"] == "notifications-dev-network"


@pytest.mark.parametrize(
    ("context", "told"),
    [
        ({"system": "newsletter"}, ["system = 'newsletter'", "notifications"]),
        ({"env": "production"}, ["env = 'production'", "dev, staging, prod"]),
        ({"env": ""}, ["env = ''", "dev, staging, prod"]),
        ({"provider": "azure"}, ["Unsupported environment: azure", "aws, local"]),
        ({"env": "prod", "provider": "local"}, ["load_balancer.certificate_arn = None", "-c certificate_arn="]),
        ({"certificate_arn": "example.com"}, ["load_balancer.certificate_arn = 'example.com'", "arn:aws"]),
        (
            {"system": "webapp", "telegram_base_url": "https://localhost"},
            ["telegram_base_url = ", "webapp has no channels"],
        ),
        (
            {"provider": "azure", "certificate_arn": "mine"},
            ["Unsupported environment: azure", "certificate_arn = 'mine'"],
        ),
        ({"telegram_base_url": "nowhere"}, ["channels.telegram_base_url = 'nowhere'", "URL"]),
    ],
)
def test_a_wrong_request_is_refused_before_synthesis(context: dict[str, str], told: list[str], tmp_path: Path) -> None:
    run = run_app(tmp_path, context)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    for words in told:
        assert words in run.stderr
    assert not (tmp_path / "manifest.json").exists()
