import json
import os
import signal
import threading
from pathlib import Path

import psutil
import pytest

from local import cdk
from local.cdk_output import DeployProgress
from local.errors import LocalError
from local.settings import Settings
from tests.support.eventually import eventually

DEPLOYS = """\
echo 'Queue (t-dev-queue): deploying... [1/1]'
"""


def install_cli(settings: Settings, script: str) -> None:
    """A CDK CLI that prints what the test says."""
    path = settings.root / "node_modules/.bin/cdk"
    path.parent.mkdir(parents=True)
    path.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > "{settings.root}/arguments"\nenv > "{settings.root}/env"\n{script}'
    )
    path.chmod(0o755)
    settings.assembly.mkdir(parents=True)
    properties = {"stackName": "t-dev-queue"}
    artifact = {"type": "aws:cloudformation:stack", "displayName": "Queue", "properties": properties}
    (settings.assembly / "manifest.json").write_text(json.dumps({"artifacts": {"Queue": artifact}}))


def deploy(settings: Settings) -> DeployProgress:
    return cdk.deploy(settings, on_change=lambda _: None)


def test_a_deployment_takes_what_was_synthesized_and_leads_the_cli_to_the_cloud(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "work")
    install_cli(settings, f"{DEPLOYS}echo '✅  Queue (t-dev-queue)'\n")
    progress = deploy(settings)
    assert progress.stacks["t-dev-queue"].phase == "done"
    arguments = (settings.root / "arguments").read_text().splitlines()
    assert arguments[:4] == ["deploy", "--all", "--concurrency", "4"]
    assert arguments[-2:] == ["--app", str(settings.assembly)]
    environ = (settings.root / "env").read_text()
    assert f"AWS_ENDPOINT_URL={settings.endpoint_url}\n" in environ
    assert "AWS_PROFILE" not in environ
    assert "deploying" in (settings.logs / "cdk.log").read_text()


def test_a_failed_stack_is_reported_with_resource_and_reason(settings: Settings) -> None:
    event = "t-dev-queue | 1/2 | 1:00:00 AM | CREATE_FAILED | AWS::SQS::Queue | Queue/Q (Q1) retention is out of range"
    install_cli(settings, f"{DEPLOYS}echo '{event}'\necho '❌  t-dev-queue failed to deploy'\nexit 1\n")
    with pytest.raises(LocalError) as caught:
        deploy(settings)
    assert "Queue (t-dev-queue) failed:\n    Queue/Q (AWS::SQS::Queue): retention is out of range" in str(caught.value)
    assert str(settings.logs / "cdk.log") in str(caught.value)


def test_synthesis_hands_context_on(settings: Settings) -> None:
    install_cli(settings, "exit 0\n")
    cdk.synthesize(settings, {"env": "dev", "system": "shop"})
    arguments = (settings.root / "arguments").read_text().splitlines()
    assert arguments[0] == "synth"
    assert arguments[-6:] == ["--output", str(settings.assembly), "-c", "env=dev", "-c", "system=shop"]


def test_what_the_app_warns_of_is_handed_on(settings: Settings) -> None:
    install_cli(settings, "echo 'groundwork: warning: x = 1: ends soon' >&2\necho 'Successfully synthesized'\nexit 0\n")
    assert cdk.synthesize(settings, {}) == ["x = 1: ends soon"]


@pytest.mark.parametrize(
    "line", ["WARNING serves plain HTTP: no HSTS (Annotation)", "[Warning at /Api/Balancer] serves plain HTTP: no HSTS"]
)
def test_what_a_construct_warns_of_is_handed_on_once(settings: Settings, line: str) -> None:
    install_cli(settings, f"echo '{line}' >&2\necho '   Api/Balancer'\necho '{line}' >&2\nexit 0\n")
    assert cdk.synthesize(settings, {}) == ["serves plain HTTP: no HSTS"]


def test_an_app_that_cannot_be_synthesized_speaks_for_itself(settings: Settings) -> None:
    install_cli(settings, "echo 'groundwork: env is qa; allowed: dev, prod' >&2\nexit 1\n")
    with pytest.raises(
        cdk.SynthesisError, match=r"(?s)could not be synthesized.*env is qa; allowed: dev, prod"
    ) as error:
        cdk.synthesize(settings, {"env": "qa"})
    assert error.value.unused_context == set()


def test_context_that_the_app_has_no_use_for_is_named(settings: Settings) -> None:
    install_cli(settings, "echo '  a: x: shop has no b; leave out -c a=…'\necho '  leave out -c c=…'\nexit 1\n")
    with pytest.raises(cdk.SynthesisError) as error:
        cdk.synthesize(settings, {})
    assert error.value.unused_context == {"a", "c"}


def test_a_missing_cli_says_how_to_install_it(settings: Settings) -> None:
    with pytest.raises(LocalError, match=r"is not installed.*make install"):
        deploy(settings)


def test_bootstrap_synthesizes_nothing(settings: Settings) -> None:
    install_cli(settings, "exit 0\n")
    cdk.bootstrap(settings)
    arguments = (settings.root / "arguments").read_text().split("\n")[:-1]
    assert arguments == ["bootstrap", "aws://000000000000/us-east-1", "--app", "", "--no-notices"]


def test_a_failed_bootstrap_shows_why(settings: Settings) -> None:
    install_cli(settings, "echo 'no such policy'\nexit 1\n")
    with pytest.raises(LocalError, match=r"(?s)cdk bootstrap failed.*no such policy.*bootstrap\.log"):
        cdk.bootstrap(settings)


def test_an_interrupted_deployment_leaves_no_cli_behind(settings: Settings, request: pytest.FixtureRequest) -> None:
    # Where tests are run in the background of a shell, Python was started with the signal ignored.
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, former))
    install_cli(settings, f'sleep 600 &\necho $$ $! > "{settings.root}/pids"\n{DEPLOYS}wait\n')
    pids_file = settings.root / "pids"
    person = threading.Thread(target=interrupt_once, args=(pids_file,))
    person.start()
    with pytest.raises(KeyboardInterrupt):
        deploy(settings)
    person.join()
    assert not any(psutil.pid_exists(int(pid)) for pid in pids_file.read_text().split())


def interrupt_once(path: Path) -> None:
    """Do what Ctrl-C does, as soon as the file is there."""
    eventually(lambda: path.exists() and path.read_text().strip())
    os.kill(os.getpid(), signal.SIGINT)
