"""Takes one grant away by IAM's own API, and gives it back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from tests.least_privilege.ground import Deployed, Unit, listed, statements


@contextmanager
def without(deployed: Deployed, unit: Unit) -> Iterator[None]:
    """The role lacks the grant, and nothing else, within the context."""
    iam = deployed.client("iam")
    granted = unit.granted
    if granted.policy.startswith("arn:"):
        iam.detach_role_policy(RoleName=unit.role_name, PolicyArn=granted.policy)
        try:
            yield
        finally:
            iam.attach_role_policy(RoleName=unit.role_name, PolicyArn=granted.policy)
        return
    with with_document(deployed, unit, lessened(deployed.document(unit.role_name, granted.policy), unit)):
        yield


@contextmanager
def with_document(deployed: Deployed, unit: Unit, document: dict[str, Any] | None) -> Iterator[None]:
    """The policy of the grant has other content within the context; with None there is no such policy."""
    iam = deployed.client("iam")
    own = {"RoleName": unit.role_name, "PolicyName": unit.granted.policy}
    before = deployed.document(unit.role_name, unit.granted.policy)
    if document is None:
        iam.delete_role_policy(**own)
    else:
        iam.put_role_policy(**own, PolicyDocument=json.dumps(document))
    try:
        yield
    finally:
        iam.put_role_policy(**own, PolicyDocument=json.dumps(before))


def lessened(document: dict[str, Any], unit: Unit) -> dict[str, Any] | None:
    """A policy without one action on one resource; None if nothing is left of it."""
    kept: list[dict[str, Any]] = []
    for index, statement in enumerate(statements(deepcopy(document))):
        if index != unit.granted.statement:
            kept.append(statement)
            continue
        actions = [each for each in listed(statement["Action"]) if each != unit.granted.action]
        others = [each for each in listed(statement.get("Resource", [])) if each != unit.resource]
        if actions:
            kept.append({**statement, "Action": actions})
        if others:
            kept.append({**statement, "Action": unit.granted.action, "Resource": others})
    return {**document, "Statement": kept} if kept else None
