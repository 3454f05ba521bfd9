"""`app.py` as the CDK CLI runs it: what is asked for by context, and what comes of asking for something wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.project import PROJECT_ROOT
from tests.stacks.expected import expected_stacks
from tests.support.synth import all_environments, cdk_context, overrides_for

# What the load balancer says of itself without a certificate.
PLAIN_HTTP = "Annotation::groundwork:plain-http"


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
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module", params=all_environments(), ids="/".join)
def validated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, Path]:
    """A system and an environment, and the folder that the app wrote for them."""
    system, environment = request.param
    outdir = tmp_path_factory.mktemp(f"{system}-{environment}")
    context = {"system": system, "env": environment, "provider": "local"} | overrides_for(system, environment)
    run = run_app(outdir, context, validation=True)
    assert run.returncode == 0, run.stderr
    return system, environment, outdir


def findings(folder: Path) -> list[dict[str, Any]]:
    """What is found in an assembly, by rules and by constructs themselves."""
    report = json.loads((folder / "validation-report.json").read_text())
    return [finding for plugin in report["pluginReports"] for finding in plugin["violations"]]


def test_cloudformation_rules_find_no_fault(validated: tuple[str, str, Path]) -> None:
    """The rule engine of the CDK knows values that CloudFormation would refuse during the deployment."""
    assert [each for each in findings(validated[-1]) if each["ruleName"] != PLAIN_HTTP] == []


def test_whoever_serves_plain_http_is_warned_of_it(validated: tuple[str, str, Path]) -> None:
    """Once, and nobody else: a warning that comes with everything is read by nobody."""
    *_, folder = validated
    listeners = [
        resource["Properties"]["Protocol"]
        for template in folder.glob("*.template.json")
        for resource in json.loads(template.read_text())["Resources"].values()
        if resource["Type"] == "AWS::ElasticLoadBalancingV2::Listener"
    ]
    assert listeners != []
    warned = [each["severity"] for each in findings(folder) if each["ruleName"] == PLAIN_HTTP]
    assert warned == ([] if "HTTPS" in listeners else ["warning"])


def test_the_app_composes_every_stack(validated: tuple[str, str, Path]) -> None:
    system, environment, outdir = validated
    artifacts = json.loads((outdir / "manifest.json").read_text())["artifacts"]
    stacks = {name: each for name, each in artifacts.items() if each["type"] == "aws:cloudformation:stack"}
    assert sorted(stacks) == expected_stacks(system, environment)
    for name, artifact in stacks.items():
        assert artifact["properties"]["stackName"] == f"{system}-{environment}-{name.lower()}"


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
