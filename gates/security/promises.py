"""What in an environment does not keep our own promises: those of the Guard file, and those across stacks."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from cloudformation_validate import (
    CompositeEngine,
    CompositeEngineConfig,
    ExternalRuleSource,
    ValidateConfig,
    ValidationError,
)

from assembly.errors import InputError
from assembly.promises.check import check
from assembly.templates import read
from constructs_lib.project import PROJECT_ROOT
from gates.security.finding import PROMISES, Finding
from gates.security.places import Template

GUARD_FILE = PROJECT_ROOT / "guard" / "promises.guard"
# How Guard parts the lines of a message, with the indentation of the file.
_LINES = re.compile(r"(?:\n|;)\s{4,}")
_FIX = "Fix: "
# What Guard says of a filter that passes a resource over; the rule's own message stands beside it.
_PASSED_OVER = "Guard check ``"


def broken(assembly: Path, environment: str, templates: list[Template]) -> Iterator[Finding]:
    """Yield what does not keep a promise.

    Raises:
        InputError: a file of the assembly cannot be read, or not be compared.
    """
    for template in templates:
        yield from dict.fromkeys(_in_template(template, environment))
    by_name = {template.name: template for template in templates}
    for each in check(read(assembly)):
        place = by_name[each.resource.stack].place(each.resource.logical_id)
        yield Finding(
            set=PROMISES,
            rule=each.rule,
            environment=environment,
            place=place.path,
            type=place.type,
            why=each.why,
            fix=each.fix,
        )


def _in_template(template: Template, environment: str) -> Iterator[Finding]:
    try:
        report = _engine().validate_template(str(template.file), ValidateConfig(disable_builtin_rules=True))
    except ValidationError as error:
        raise InputError(f"{environment}: Guard cannot look at {template.stack}: {error}") from None
    for diagnostic in report.diagnostics:
        if diagnostic.message.startswith(_PASSED_OVER):
            continue
        entity = diagnostic.entity
        place = template.place(entity.logical_id if entity is not None else None)
        why, _, fix = " ".join(_LINES.sub("\n", diagnostic.message).split("\n")).partition(_FIX)
        yield Finding(
            set=PROMISES,
            rule=diagnostic.rule_id,
            environment=environment,
            place=place.path,
            type=place.type,
            why=why.strip(" ;"),
            fix=fix.strip(" ;"),
        )


@cache
def _engine() -> CompositeEngine:
    source = ExternalRuleSource(name=GUARD_FILE.name, content=GUARD_FILE.read_text(encoding="utf-8"))
    return CompositeEngine(CompositeEngineConfig(guard_rules=[source]))
