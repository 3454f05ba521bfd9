"""AWS's own program for Guard files, out of the package of the CDK's plugin that wraps it."""

import importlib.metadata
import platform
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from gates.security.promises import GUARD_FILE

_SYSTEMS = {"Linux": "ubuntu", "Darwin": "macos"}
_MACHINES = {"arm64": "aarch64"}


@pytest.fixture(scope="session")
def cfn_guard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program for this machine."""
    package = importlib.metadata.distribution("cdklabs-cdk-validator-cfnguard")
    (wrapped,) = (each for each in package.files or () if each.name.endswith(".jsii.tgz"))
    machine = _MACHINES.get(platform.machine(), platform.machine())
    program = f"package/bin/{_SYSTEMS[platform.system()]}/{machine}/cfn-guard"
    folder = tmp_path_factory.mktemp("cfn-guard")
    with tarfile.open(str(wrapped.locate())) as archive:
        archive.extract(program, folder, filter="data")
    return folder / program


def failed(cfn_guard: Path, template: Path) -> set[str]:
    """Return the rules of our file that the program finds broken in a template."""
    command: list[str | Path] = [cfn_guard, "validate", "--rules", GUARD_FILE, "--data", template]
    said = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # AWS's program
    # 19 is what it ends with where a rule is broken.
    assert said.returncode in {0, 19}, said.stderr
    return set(re.findall(rf"^{re.escape(GUARD_FILE.name)}/(\w+) +FAIL$", said.stdout, re.MULTILINE))
