"""The policy that bounds the role CloudFormation deploys with: `python -m deployment.bound … > FILE`.

`cdk bootstrap --custom-permissions-boundary` takes it by its name. It leaves the role everything but the ways around
the permissions boundary of a system's roles.
https://docs.aws.amazon.com/cdk/v2/guide/customize-permissions-boundaries.html
"""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

from deployment.errors import DeploymentError, InputError

_ACCOUNT = re.compile(r"[0-9]{12}")
_POLICY = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
_STACKS = re.compile(r"[a-z][a-z0-9-]*-")
# What gives a role or a user rights. IAM tells the boundary of whom it is about, but nothing where there is none.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
_GIVING = (
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateRole",
    "iam:CreateUser",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:PutUserPermissionsBoundary",
    "iam:PutUserPolicy",
)
# What takes a boundary away, or opens another way to the rights of a person; no system here needs any of it.
_NEVER = (
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteUserPermissionsBoundary",
    "iam:PutGroupPolicy",
    "iam:UpdateLoginProfile",
)
# What lets somebody else act as a role that is not bound. IAM does not tell these the boundary: by its name a role is
# known, which CloudFormation begins with the stack's.
_BECOMING = ("iam:PassRole", "iam:UpdateAssumeRolePolicy", "sts:AssumeRole")
_POLICY_CHANGES = (
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:SetDefaultPolicyVersion",
)


def bound(*, account: str, boundary: str, stacks: str, partition: str = "aws") -> dict[str, object]:
    """Return the policy.

    Args:
        account: that is deployed to.
        boundary: name of the managed policy that every role of the system has as its permissions boundary.
        stacks: how the names of the system's stacks begin, such as `notifications-prod-`.
        partition: of AWS.

    Raises:
        InputError: one of them is not such, or the boundary is called like what a stack makes, and could be changed.
    """
    for flag, value, form, allowed in (
        ("--account", account, _ACCOUNT, "12 digits"),
        ("--boundary", boundary, _POLICY, "the name of a managed policy, not its ARN"),
        (
            "--stacks",
            stacks,
            _STACKS,
            "the beginning of the stacks' names with its hyphen, such as notifications-prod-",
        ),
    ):
        if not form.fullmatch(value):
            raise InputError(f"{flag} {value!r}; allowed: {allowed}")
    if boundary.startswith(stacks):
        raise InputError(f"--boundary {boundary!r} begins like what the stacks make; allowed: any other name")
    iam = f"arn:{partition}:iam::{account}"
    unbound = {"StringNotEquals": {"iam:PermissionsBoundary": f"{iam}:policy/{boundary}"}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Deploy", "Effect": "Allow", "Action": "*", "Resource": "*"},
            _denied("OnlyToWhoIsBound", _GIVING, Resource="*", Condition=unbound),
            _denied("Never", _NEVER, Resource="*"),
            _denied("OnlyAsItsOwnRoles", _BECOMING, NotResource=f"{iam}:role/{stacks}*"),
            _denied("OnlyItsOwnPolicies", _POLICY_CHANGES, NotResource=f"{iam}:policy/{stacks}*"),
        ],
    }


def _denied(sid: str, actions: Sequence[str], **where: object) -> dict[str, object]:
    return {"Sid": sid, "Effect": "Deny", "Action": list(actions), **where}


class _Parser(argparse.ArgumentParser):
    """Reports a wrong flag in one line, like every other fault."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the policy; returns the exit code."""
    parser = _Parser(prog="python -m deployment.bound", description="The policy that bounds CloudFormation's role.")
    parser.add_argument("--account", required=True, help="account that is deployed to")
    parser.add_argument("--boundary", required=True, metavar="NAME", help="policy that bounds every role of the system")
    parser.add_argument("--stacks", required=True, metavar="SYSTEM-ENVIRONMENT-", help="how its stacks' names begin")
    parser.add_argument("--partition", default="aws", help="partition of AWS (default: aws)")
    try:
        policy = bound(**vars(parser.parse_args(arguments)))
    except DeploymentError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(json.dumps(policy, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
