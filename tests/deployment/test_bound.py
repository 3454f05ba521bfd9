"""What the role that CloudFormation deploys with may not do once it is bound."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from deployment.bound import bound, main

ACCOUNT = "123456789012"
IAM = f"arn:aws:iam::{ACCOUNT}"
BOUNDARY = f"{IAM}:policy/workload"
OWN, OTHER = f"{IAM}:role/shop-prod-api-TaskRole-1A2B", f"{IAM}:role/administrator"
GIVEN = {"account": ACCOUNT, "boundary": "workload", "stacks": "shop-prod-"}


def allowed(action: str, resource: str, boundary: str | None) -> bool:
    """What IAM decides by the policy, where the boundary of whom it is about is told; a denial comes first."""
    policy: dict[str, Any] = bound(**GIVEN)
    effects = set()
    for statement in policy["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if not any(fnmatchcase(action, each) for each in actions):
            continue
        if "Resource" in statement and not fnmatchcase(resource, statement["Resource"]):
            continue
        if "NotResource" in statement and fnmatchcase(resource, statement["NotResource"]):
            continue
        # A key that is not there differs from every value.
        condition = statement.get("Condition", {"StringNotEquals": {"iam:PermissionsBoundary": object()}})
        if boundary != condition["StringNotEquals"]["iam:PermissionsBoundary"]:
            effects.add(statement["Effect"])
    return effects == {"Allow"}


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        *((f"iam:{name}", OWN) for name in ("CreateRole", "PutRolePolicy", "AttachRolePolicy")),
        *((f"iam:{name}", OWN) for name in ("PutRolePermissionsBoundary", "UpdateAssumeRolePolicy", "PassRole")),
        *((f"iam:{name}", OWN) for name in ("DeleteRole", "DeleteRolePolicy", "DetachRolePolicy")),
        ("rds:CreateDBCluster", "*"),
    ],
)
def test_it_deploys_roles_that_are_bound(action: str, resource: str) -> None:
    assert allowed(action, resource, BOUNDARY)


@pytest.mark.parametrize("boundary", [None, f"{IAM}:policy/wider"])
@pytest.mark.parametrize(
    "action",
    [
        *("CreateRole", "PutRolePolicy", "AttachRolePolicy", "PutRolePermissionsBoundary"),
        *("CreateUser", "PutUserPolicy", "AttachUserPolicy", "PutUserPermissionsBoundary"),
    ],
)
def test_it_gives_nothing_to_who_is_not_bound(action: str, boundary: str | None) -> None:
    assert not allowed(f"iam:{action}", OWN, boundary)


@pytest.mark.parametrize("action", ["DeleteRolePermissionsBoundary", "DeleteUserPermissionsBoundary"])
def test_it_takes_no_boundary_away(action: str) -> None:
    assert not allowed(f"iam:{action}", OWN, BOUNDARY)


@pytest.mark.parametrize("action", ["iam:UpdateAssumeRolePolicy", "iam:PassRole", "sts:AssumeRole"])
def test_it_opens_no_other_role(action: str) -> None:
    assert not allowed(action, OTHER, None)


@pytest.mark.parametrize(
    "action", ["CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "SetDefaultPolicyVersion"]
)
def test_it_changes_no_policy_but_those_of_its_stacks(action: str) -> None:
    assert not allowed(f"iam:{action}", BOUNDARY, None)
    assert not allowed(f"iam:{action}", f"{IAM}:policy/deployment-bound", None)
    assert allowed(f"iam:{action}", f"{IAM}:policy/shop-prod-api-Policy", None)


def test_it_is_printed_within_the_length_of_a_policy(capsys: pytest.CaptureFixture[str]) -> None:
    """IAM counts 6,144 characters of a managed policy, without its white space."""
    assert main(["--account", ACCOUNT, "--boundary", "workload", "--stacks", "shop-prod-"]) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed) == bound(**GIVEN)
    assert len("".join(printed.split())) <= 6144


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--account", "1"),
        ("--boundary", BOUNDARY),
        ("--boundary", "shop-prod-boundary"),
        ("--stacks", "shop-prod"),
        ("--stacks", "*"),
    ],
)
def test_what_is_no_such_thing_is_refused(flag: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = {"--account": ACCOUNT, "--boundary": "workload", "--stacks": "shop-prod-", flag: value}
    assert main([part for pair in given.items() for part in pair]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    assert f"{flag} {value!r}" in told.err
