"""The page of documentation that lists what is acknowledged."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from gates.security.acknowledged import Acknowledgment, Subject

PAGE = Path("docs/security-findings.md")
"""Where it stands, from the root of the project."""
_HEAD = """# Findings that stay

`make security` holds every system and environment to cdk-nag (AwsSolutions, Serverless, NIST 800-53 r5, HIPAA, PCI DSS
3.2.1), the validation of the CDK, cfn-lint, checkov, and [our own promises](../guard/promises.guard). What they find is
put right, or stays for a reason that stands here. What is not here fails, and so does an entry that nothing needs.

This page is written by `make security-docs` from `gates/security/acknowledged/`.
"""


def page(subjects: Iterable[Subject]) -> str:
    """Return the page."""
    return _HEAD + "".join(line for subject in subjects for line in _section(subject))


def _section(subject: Subject) -> Iterator[str]:
    yield f"\n## {subject.subject}\n"
    for each in subject.acknowledged:
        yield from _entry(each)


def _entry(each: Acknowledgment) -> Iterator[str]:
    yield f"\n{each.reason}\n\n"
    yield f"- Instead: {each.control}\n"
    yield f"- Rules: {_code(each.rules)}\n"
    yield f"- At: {_code(each.at)}\n"
    environments = "every environment" if each.environments == ("*",) else _code(each.environments)
    yield f"- In: {environments}\n"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
