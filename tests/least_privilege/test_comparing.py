"""What counts as used, wider, denied, excepted and stale; and what is left of a policy without one grant."""

from typing import Any

import pytest

from assembly.privileges.model import Granted, Role
from local.authorizations import ALLOWED, DENIED, Decision, Entry, Statement
from tests.least_privilege.comparing import denied, uses
from tests.least_privilege.ground import Unit
from tests.least_privilege.listed import Kind, Listed, excepted, stale
from tests.least_privilege.taking_away import lessened

BUCKET = "arn:aws:s3:::media"


def unit(action: str = "s3:GetObject", resource: str = f"{BUCKET}/*", *, statement: int = 0, index: int = 0) -> Unit:
    granted = Granted(
        policy="own", statement=statement, action=action, resource="<Storage/Media>/*", resource_index=index
    )
    role = Role(
        stack="shop-api",
        logical_id="Role",
        path="Api/Product/Task/TaskRole",
        principals=("ecs-tasks.amazonaws.com",),
        granted=(granted,),
    )
    return Unit(deployment="shop/dev", role=role, granted=granted, role_name="role-1", resource=resource)


def entry(
    resource: str = f"{BUCKET}/a/b",
    *,
    action: str = "s3:GetObject",
    role: str = "role-1",
    outcome: str = ALLOWED,
    statement: int = 0,
    policy: str = "own",
) -> Entry:
    statements = (Statement(policy, statement),) if outcome == ALLOWED else ()
    decision = Decision(role=role, action=action, resource=resource, outcome=outcome, statements=statements)
    return Entry(decision=decision, count=2, first=1.0, last=2.0)


def test_a_call_that_the_statement_allowed_uses_the_grant_and_shows_where_it_is_wider() -> None:
    (use,) = uses([unit()], [entry(), entry(f"{BUCKET}/c")])
    assert (use.is_used, use.calls, use.wider) == (True, 4, True)
    assert use.resources == (f"{BUCKET}/a/b", f"{BUCKET}/c")
    (exact,) = uses([unit(resource=BUCKET, action="s3:ListBucket")], [entry(BUCKET, action="s3:ListBucket")])
    assert (exact.is_used, exact.wider) == (True, False)


@pytest.mark.parametrize(
    "other",
    [
        entry(role="role-2"),
        entry(action="s3:PutObject"),
        entry("arn:aws:s3:::other/a"),
        entry(statement=1),
        entry(policy="another"),
        entry(outcome=DENIED),
    ],
)
def test_calls_of_others_use_nothing(other: Entry) -> None:
    assert not uses([unit()], [other])[0].is_used


def test_refusals_are_those_of_the_roles_that_are_looked_at() -> None:
    own, foreign = entry(outcome=DENIED), entry(outcome=DENIED, role="cdk-deploy")
    assert denied([unit()], [own, foreign, entry()]) == [own]


@pytest.mark.parametrize(
    ("statements", "left"),
    [
        ([{"Action": "a:B", "Resource": "x"}], None),
        ([{"Action": ["a:B", "a:C"], "Resource": "x"}], [{"Action": ["a:C"], "Resource": "x"}]),
        ([{"Action": "a:B", "Resource": ["x", "y"]}], [{"Action": "a:B", "Resource": ["y"]}]),
        (
            [{"Action": ["a:B", "a:C"], "Resource": ["x", "y"], "Condition": {"Bool": {}}}],
            [
                {"Action": ["a:C"], "Resource": ["x", "y"], "Condition": {"Bool": {}}},
                {"Action": "a:B", "Resource": ["y"], "Condition": {"Bool": {}}},
            ],
        ),
        ([{"Action": "a:B", "NotResource": "x"}], None),
    ],
)
def test_only_the_grant_is_taken_away(statements: list[dict[str, Any]], left: list[dict[str, Any]] | None) -> None:
    kept = {"Action": "z:Z", "Resource": "z"}
    for others in ([], [kept]):
        document = {"Version": "2012-10-17", "Statement": [*statements, *others]}
        less = lessened(document, unit("a:B", "x"))
        wanted = [*(left or []), *others]
        assert (less or {"Statement": []})["Statement"] == wanted


def test_an_exception_covers_its_grants_alone_and_is_stale_when_none_needs_it() -> None:
    entries = [
        Listed(kind=Kind.UNUSED, roles="*/TaskRole", actions=("s3:GetObject",), reason="for the sake of this test"),
        Listed(kind=Kind.UNUSED, roles="*/Other", actions=("s3:GetObject",), reason="for the sake of this test"),
    ]
    assert excepted(unit(), entries, Kind.UNUSED) is entries[0]
    assert excepted(unit(), entries, Kind.UNNOTICED) is None
    assert excepted(unit("s3:PutObject"), entries, Kind.UNUSED) is None
    assert stale(entries, [unit()], [unit()]) == []
    assert stale(entries, [], [unit()]) == [entries[0]]
