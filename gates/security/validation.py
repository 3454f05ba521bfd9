"""What cdk-nag and the CDK's own rules found while an environment was synthesized."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assembly.errors import InputError
from assembly.manifest import document
from gates.security.assemble import REPORT
from gates.security.finding import AWS_SOLUTIONS, HIPAA, NIST, PCI, SERVERLESS, VALIDATION, Finding
from gates.security.places import Template, plain

_PACKS = {
    "AwsSolutions": AWS_SOLUTIONS,
    "Serverless": SERVERLESS,
    "NIST.800.53.R5": NIST,
    "HIPAA.Security": HIPAA,
    "PCI.DSS.321": PCI,
}
# How cdk-nag writes a reference into another stack: with the stack's name, which differs between environments.
_FAR = re.compile(r'\{"Fn::GetStackOutput":\{[^{}]*"OutputName":"(\w+)"[^{}]*\}\}')


def read_report(assembly: Path, environment: str, templates: list[Template]) -> Iterator[Finding]:
    """Yield what the report of an assembly holds.

    Raises:
        InputError: there is none, or a set of rules failed itself.
    """
    if not (assembly / REPORT).is_file():
        # The CDK writes none where nothing at all is to be told.
        document(assembly / "manifest.json")
        return
    places = {place.path: place for template in templates for place in template.resources.values()}
    for report in document(assembly / REPORT).get("pluginReports", []):
        name = str(report["pluginName"])
        if report.get("conclusion") != "success" and not report.get("violations"):
            raise InputError(f"{environment}: {name} failed itself: {report.get('metadata')}")
        for violation in report["violations"]:
            for construct in violation["violatingConstructs"]:
                path = plain(construct["constructPath"])
                yield _finding(environment, name, violation, path, places[path].type if path in places else "")


def _finding(environment: str, plugin: str, violation: Mapping[str, Any], path: str, type_: str) -> Finding:
    why, _, fix = str(violation["description"]).replace("\u00a0", " ").partition(". ")
    rule = _FAR.sub(r"<\1>", str(violation["ruleName"]))
    return Finding(
        set=_PACKS.get(plugin, VALIDATION),
        rule=rule if plugin in _PACKS else f"{VALIDATION} {rule}",
        environment=environment,
        place=path,
        type=type_,
        why=" ".join(why.split()).removesuffix("."),
        fix=" ".join(str(violation.get("suggestedFix") or fix).split()),
    )
