"""Small commands that the AWS and the CDK CLI need to work with the embedded cloud, written by `up`."""

import shlex
import sys
from pathlib import Path

from local.files import write_atomic
from local.settings import ROOT, Settings


def install_tools(settings: Settings) -> None:
    """Write the commands, which name this checkout's own interpreter."""
    python = shlex.quote(sys.executable)
    stand_in = f"-m local.images --store {shlex.quote(str(settings.images))}"
    # The CDK CLI takes the path of one command, without arguments.
    _write(settings.docker, f"PYTHONPATH={shlex.quote(str(ROOT))} exec {python} {stand_in}")
    # Version 1 of the AWS CLI has addresses of its own for SQS, and only a flag prevails over them
    # (awscli/customizations/overridesslcommonname.py).
    aws = shlex.quote(str(Path(sys.executable).with_name("aws")))
    _write(settings.bin / "aws", f'exec {aws} --endpoint-url "${{AWS_ENDPOINT_URL:?}}"')


def _write(path: Path, command: str) -> None:
    write_atomic(path, f'#!/bin/sh\n{command} "$@"\n', mode=0o755)
