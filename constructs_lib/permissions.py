"""The most that any role of an app may do, whatever its own policies say."""

import aws_cdk as cdk


def permissions_boundary(policy: str) -> cdk.PermissionsBoundary:
    """Return the boundary of a managed policy, by its name in the stack's own account, or by its ARN.

    Given to a stack, it binds every role in it, those of the CDK's own custom resources too.
    """
    if policy.startswith("arn:"):
        return cdk.PermissionsBoundary.from_arn(policy)
    return cdk.PermissionsBoundary.from_name(policy)
