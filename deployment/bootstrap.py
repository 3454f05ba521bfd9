"""The CDK's bootstrap template, with images scanned as they are pushed: `python -m deployment.bootstrap > FILE`.

The CLI's own template leaves scanning to the account. `cdk bootstrap --template FILE` takes this one; once a registry
scans by rules of its own (`aws ecr get-registry-scanning-configuration`), those count instead.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-basic-enabling.html
"""

import re
import subprocess
import sys

from deployment.errors import DeploymentError, InputError

_REPOSITORY = re.compile(
    r"^(?P<indent> *)Type: AWS::ECR::Repository\n(?P=indent)Properties:\n(?P<properties>(?:(?P=indent) +.*\n|\n)+)",
    re.MULTILINE,
)
_SCANNING = "ImageScanningConfiguration:"


def scanned_on_push(template: str) -> str:
    """Return a bootstrap template whose repository scans images for known weaknesses as soon as they are pushed.

    Raises:
        InputError: the template has not one repository of images.
    """
    repositories = list(_REPOSITORY.finditer(template))
    if len(repositories) != 1:
        raise InputError(
            f"the bootstrap template has {len(repositories)} repositories of images, and 1 was expected: take the CLI "
            "that package-lock.json pins (make install)"
        )
    (repository,) = repositories
    if _SCANNING in repository["properties"]:
        return template
    indent = f"{repository['indent']}  "
    start = repository.start("properties")
    return f"{template[:start]}{indent}{_SCANNING}\n{indent}  ScanOnPush: true\n{template[start:]}"


def main() -> int:
    """Print the template; returns the exit code."""
    try:
        sys.stdout.write(scanned_on_push(_own_template()))
    except DeploymentError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _own_template() -> str:
    """Return the template of the CLI.

    Raises:
        InputError: there is no CLI.
        DeploymentError: it failed.
    """
    try:
        shown = subprocess.run(
            ["cdk", "bootstrap", "--show-template"],  # noqa: S607  # the project's own, from the PATH
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise InputError("cdk is not in the PATH; type: make install, and activate .venv as README.md tells") from None
    if shown.returncode != 0:
        raise DeploymentError(f"cdk bootstrap --show-template failed:\n{shown.stderr.strip()}")
    return shown.stdout


if __name__ == "__main__":
    sys.exit(main())
