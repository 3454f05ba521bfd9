"""`python -m gates.security.assemble FOLDER NAME…`: synthesizes environments into a folder each.

cdk-nag and the CDK's own rules look at each while it is synthesized, and leave `validation-report.json` beside the
templates. The process must be started with `CDK_VALIDATION=true`, which the CDK reads when it is loaded.
"""

import json
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import aws_cdk as cdk
import cdk_nag

from config.load import environments_of, load
from constructs_lib.project import PROJECT_ROOT
from constructs_lib.providers import AWS
from stacks.compose import build_app, new_app

ACCOUNT, REGION = "123456789012", "eu-central-1"
"""Any will do: rules that look at ARNs want some."""
CERTIFICATE_ARN = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/00000000-0000-0000-0000-000000000000"
REPORT = "validation-report.json"
PACKS = (
    cdk_nag.AwsSolutionsChecks,
    cdk_nag.ServerlessChecks,
    cdk_nag.NIST80053R5Checks,
    cdk_nag.HIPAASecurityChecks,
    cdk_nag.PCIDSS321Checks,
)


def assemble(app: cdk.App) -> None:
    """Synthesize an app with every pack of cdk-nag looking at it.

    Raises:
        RuntimeError: it cannot be synthesized; what is found in it is told by the report alone.
    """
    cdk.Validations.of(app).add_plugins(*(pack(app, verbose=True) for pack in PACKS))
    try:
        app.synth()
    except RuntimeError as error:
        if not str(error).startswith("ValidationFailed:"):
            raise


def folder_of(folder: Path, name: str) -> Path:
    """Return where in a folder an environment such as `notifications/dev` is synthesized."""
    return folder / name.replace("/", "-")


def context() -> dict[str, object]:
    """Return what the CDK CLI would hand over."""
    written: dict[str, object] = json.loads((PROJECT_ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return {**written, "aws:cdk:enable-path-metadata": True}


def main(arguments: Sequence[str]) -> None:
    """Synthesize the environments that are named."""
    folder = Path(arguments[0])
    for name in arguments[1:]:
        app = new_app(context(), outdir=str(folder_of(folder, name)))
        _build(app, name, folder)
        assemble(app)


def _build(app: cdk.App, name: str, folder: Path) -> None:
    system, _, environment = name.partition("/")
    balancer = environments_of(system)[environment]().load_balancer
    wants_certificate = environment == "prod" and balancer is not None and balancer.plain_http_because is None
    config = load(system, environment, {"certificate_arn": CERTIFICATE_ARN} if wants_certificate else {})

    def nothing() -> Path:
        # No rule looks into the dependencies of functions, and packaging them takes a package index.
        path = folder / "dependencies.zip"
        if not path.exists():
            with zipfile.ZipFile(path, "w"):
                pass
        return path

    place = cdk.Environment(account=ACCOUNT, region=REGION)
    build_app(app, config, replace(AWS, dependencies_package=nothing), place)


if __name__ == "__main__":
    main(sys.argv[1:])
