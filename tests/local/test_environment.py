import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.environment import child_environment, shell_lines
from local.settings import Settings

BASE = {"PATH": "/usr/bin:/bin", "HOME": "/home/ada"}


def evaluated(lines: str, environ: dict[str, str]) -> dict[str, str]:
    """The environment of a bash after `eval`."""
    done = subprocess.run(
        ["/bin/bash", "-euc", 'eval "$LINES_TO_TAKE"; unset LINES_TO_TAKE; env -0'],
        env=environ | {"LINES_TO_TAKE": lines},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return dict(line.split("=", 1) for line in done.stdout.split("\0") if line)


def test_a_shell_is_led_to_the_cloud(settings: Settings) -> None:
    shell = evaluated(shell_lines(settings, BASE), BASE)
    assert shell["AWS_ENDPOINT_URL"] == f"https://localhost:{settings.port}"
    assert shell["AWS_CA_BUNDLE"] == shell["NODE_EXTRA_CA_CERTS"] == str(settings.ca_bundle)
    assert (shell["AWS_ACCESS_KEY_ID"], shell["AWS_REGION"]) == ("000000000000", "us-east-1")
    assert shell["CDK_DOCKER"] == str(settings.docker)
    assert shell["PATH"].split(":") == [
        str(settings.bin),
        str(Path(sys.executable).parent),
        str(settings.root / "node_modules/.bin"),
        "/usr/bin",
        "/bin",
    ]
    assert shell["HOME"] == "/home/ada"


def test_what_leads_to_another_account_is_unset(settings: Settings) -> None:
    caller = BASE | {
        "AWS_PROFILE": "work",
        "AWS_SESSION_TOKEN": "t",
        "AWS_ENDPOINT_URL_SQS": "https://elsewhere",
        "AWS_PAGER": "",
    }
    shell = evaluated(shell_lines(settings, caller), caller)
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_SQS"} & shell.keys()
    assert shell["AWS_PAGER"] == ""
    # Evaluated elsewhere, in a shell that has a profile.
    assert "AWS_PROFILE" not in evaluated(shell_lines(settings, BASE), caller)


@pytest.mark.parametrize(
    "name", ["with space", "it's", 'a"b', "$(touch /tmp/pwned)", "`id`", "semi;colon", "back\\slash"]
)
def test_awkward_folders_survive_the_shell(tmp_path: Path, name: str) -> None:
    settings = Settings(directory=tmp_path / name)
    shell = evaluated(shell_lines(settings, BASE), BASE)
    assert shell["AWS_CA_BUNDLE"] == str(tmp_path / name / "ca/ca.pem")


def test_every_line_is_an_assignment(settings: Settings) -> None:
    lines = shell_lines(settings, dict(os.environ)).splitlines()
    assert all(line.startswith(("export ", "unset ")) for line in lines)


def test_taking_it_twice_changes_nothing(settings: Settings) -> None:
    once = evaluated(shell_lines(settings, BASE), BASE)
    twice = evaluated(shell_lines(settings, once), once)
    assert twice["PATH"] == once["PATH"]


def test_a_proxy_is_kept_away_from_loopback(settings: Settings) -> None:
    assert "NO_PROXY" not in child_environment(settings, BASE)
    caller = BASE | {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "intern.example.com"}
    child = child_environment(settings, caller)
    assert child["NO_PROXY"] == "intern.example.com,localhost,127.0.0.1,::1"
    assert child["no_proxy"] == "localhost,127.0.0.1,::1"
    assert child_environment(settings, child)["NO_PROXY"] == child["NO_PROXY"]
