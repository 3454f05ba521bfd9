"""The page tells what the templates grant, each grant is proven, and its exceptions are those of the list."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

import pytest

from assembly.privileges.model import Granted, Role
from tests.least_privilege import listed, page, templates
from tests.least_privilege.listed import Kind
from tests.least_privilege.proven import PROVEN

IDS = ["/".join(each) for each in PROVEN]
ROW = re.compile(r"\| `[^`]+` \| `.+ \| (?P<used>[^|]+) \| (?P<without>[^|]+) \|")
RENEW = "type: make least-privilege WRITE=1"


@pytest.mark.parametrize(("system", "environment"), PROVEN, ids=IDS)
def test_the_page_has_the_grants_of_the_templates(system: str, environment: str) -> None:
    said = page.granted_by(page.FILE.read_text()).get(f"{system}/{environment}", set())
    granted = {(role.path, each.action, each.resource) for role, each in _grants(system, environment)}
    assert (sorted(granted - said), sorted(said - granted)) == ([], []), RENEW


def test_each_row_of_the_page_is_proven_or_excepted_with_its_reason() -> None:
    entries = listed.read()
    unused = {each.reason for each in entries if each.kind is not Kind.UNNOTICED}
    unnoticed = {each.reason for each in entries if each.kind is Kind.UNNOTICED}
    rows = [line for line in page.FILE.read_text().splitlines() if line.startswith("| `")]
    assert len(rows) > 0
    assert [line for line in rows if not _is_proven(line, unused, unnoticed)] == [], RENEW
    assert [line for line in rows if "` if " in line and "(held)" not in line] == [], RENEW


def _is_proven(line: str, unused: set[str], unnoticed: set[str]) -> bool:
    row = ROW.fullmatch(line)
    if row is None:
        return False
    used, without = row["used"], row["without"]
    if used == "no":
        return any(without.startswith(reason) for reason in unused)
    return used in ("yes", "yes of more") and (without.startswith("red: ") or without in unnoticed)


def test_each_exception_is_about_a_grant_of_a_template() -> None:
    grants = [found for each in PROVEN for found in _grants(*each)]
    idle = [
        f"{entry.roles} {action} {entry.resources}"
        for entry in listed.read()
        for action in entry.actions
        if not any(entry.names(role, each) and fnmatchcase(each.action, action) for role, each in grants)
    ]
    assert idle == []


def _grants(system: str, environment: str) -> Iterator[tuple[Role, Granted]]:
    for role in templates.of_proof(system, environment, templates.roles(system, environment)):
        for each in role.granted:
            yield role, each
