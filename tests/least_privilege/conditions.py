"""Asks for what a grant has under a condition, without meeting it: it must be refused, and by the condition."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from types import MappingProxyType
from typing import Any

from botocore.exceptions import ClientError

from tests.least_privilege.ground import Deployed, Ground, Unit, statements
from tests.least_privilege.probe import asked_by_code
from tests.least_privilege.taking_away import with_document

Ask = Callable[[], None]
"""Does what the condition leaves out; raises ClientError where that is refused."""
Condition = Mapping[str, Mapping[str, Any]]


class Verdict(StrEnum):
    """What came of asking."""

    HELD = "held"
    """Refused as deployed and by each key of the condition alone, and answered without any."""
    OPEN = "OPEN"
    """Answered, although the condition leaves it out."""
    IDLE = "IDLE"
    """Refused without the condition as well: something else holds it, and the condition is not proven."""
    UNASKED = "NO QUESTION"
    """Nothing here knows how to ask for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """One condition of one grant."""

    unit: Unit
    verdict: Verdict
    told: str = ""


def try_each(ground: Ground, units: Sequence[Unit]) -> Iterator[Held]:
    """Try the condition of each of these that has one; of equal grants of one statement, the first."""
    deployed = {each.name: each for each in ground.deployed}
    first = {condition_of(unit): unit for unit in reversed(units) if unit.granted.condition}
    chosen = sorted(first.values(), key=lambda unit: (unit.deployment, unit.role_name))
    for (name, _), of_role in groupby(chosen, key=lambda unit: (unit.deployment, unit.role_name)):
        yield from _of_role(deployed[name], list(of_role))


def condition_of(unit: Unit) -> tuple[str, str, str, int, str]:
    """What grants that are under one condition have in common: the action in the statement of the role."""
    granted = unit.granted
    return unit.deployment, unit.role_name, granted.policy, granted.statement, granted.action


def _of_role(deployed: Deployed, units: Sequence[Unit]) -> Iterator[Held]:
    of_lambda = [unit for unit in units if "lambda:SourceFunctionArn" in unit.granted.condition]
    for unit in units:
        if unit not in of_lambda:
            yield _asked(deployed, unit)
    if of_lambda:
        with asked_by_code(deployed, of_lambda[0].role_name) as by_code:
            for unit in of_lambda:
                yield _held(deployed, unit, by_code(unit.granted.action))


def _asked(deployed: Deployed, unit: Unit) -> Held:
    question = _QUESTIONS.get(unit.granted.action)
    if question is None:
        return Held(unit=unit, verdict=Verdict.UNASKED)
    try:
        return _held(deployed, unit, question(deployed, unit))
    except ClientError as error:  # one that cannot be asked is a fault, and no reason to stop
        return Held(unit=unit, verdict=Verdict.UNASKED, told=str(error))


def _held(deployed: Deployed, unit: Unit, ask: Ask) -> Held:
    if (answer := _refused(ask)) is not None:
        return Held(unit=unit, verdict=Verdict.OPEN, told=answer)
    whole = statements(deployed.document(unit.role_name, unit.granted.policy))[unit.granted.statement]["Condition"]
    with _open_key(deployed, unit):
        for alone in _alone(whole):
            with _under(deployed, unit, alone):
                if (answer := _refused(ask)) is not None:
                    return Held(unit=unit, verdict=Verdict.OPEN, told=f"{answer} under {alone}")
        with _under(deployed, unit, {}):
            if _refused(ask) is None:
                return Held(unit=unit, verdict=Verdict.IDLE, told="refused without the condition as well")
    return Held(unit=unit, verdict=Verdict.HELD)


def _alone(condition: Condition) -> Iterator[Condition]:
    """Yield the parts of a condition that a request has to meet, each by itself."""
    for operator, keys in condition.items():
        for key, value in keys.items():
            yield {operator: {key: value}}


def _refused(ask: Ask) -> str | None:
    """None if IAM refused, else what was answered; what is wrong with the question comes after IAM."""
    try:
        ask()
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        return None if "AccessDenied" in code or "Unauthorized" in code else f"answered {code}"
    return "answered"


@contextmanager
def _under(deployed: Deployed, unit: Unit, condition: Condition) -> Iterator[None]:
    """The statement of the grant has this condition instead of its own."""
    before = deployed.document(unit.role_name, unit.granted.policy)
    changed = [dict(each) for each in statements(before)]
    del changed[unit.granted.statement]["Condition"]
    if condition:
        changed[unit.granted.statement]["Condition"] = condition
    with with_document(deployed, unit, {**before, "Statement": changed}):
        yield


@contextmanager
def _open_key(deployed: Deployed, unit: Unit) -> Iterator[None]:
    """The key's own policy, which asks for the same, leaves it to the roles for now."""
    if not unit.granted.action.startswith("kms:"):
        yield
        return
    kms = deployed.client("kms")
    former = kms.get_key_policy(KeyId=unit.resource, PolicyName="default")["Policy"]
    kms.put_key_policy(KeyId=unit.resource, PolicyName="default", Policy=_open_to(deployed.settings.account))
    try:
        yield
    finally:
        kms.put_key_policy(KeyId=unit.resource, PolicyName="default", Policy=former)


def _open_to(account: str) -> str:
    principal = {"AWS": f"arn:aws:iam::{account}:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _as_role(deployed: Deployed, unit: Unit, service: str) -> Any:
    """A client with the role's permissions, whoever else may take it on."""
    iam = deployed.client("iam")
    role = iam.get_role(RoleName=unit.role_name)["Role"]
    administrator = {"Principal": {"AWS": f"arn:aws:iam::{deployed.settings.account}:root"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **administrator}]}
    iam.update_assume_role_policy(RoleName=unit.role_name, PolicyDocument=json.dumps(trust))
    try:
        return deployed.as_role(role["Arn"], service)
    finally:
        former = json.dumps(role["AssumeRolePolicyDocument"])
        iam.update_assume_role_policy(RoleName=unit.role_name, PolicyDocument=former)


def _decrypts_by_itself(deployed: Deployed, unit: Unit) -> Ask:
    client = _as_role(deployed, unit, "kms")
    encrypted = deployed.client("kms").encrypt(KeyId=unit.resource, Plaintext=b"text")["CiphertextBlob"]
    return lambda: client.decrypt(CiphertextBlob=encrypted, KeyId=unit.resource)


def _makes_data_keys_by_itself(deployed: Deployed, unit: Unit) -> Ask:
    client = _as_role(deployed, unit, "kms")
    return lambda: client.generate_data_key(KeyId=unit.resource, KeySpec="AES_256")


def _passes_the_key_on(deployed: Deployed, unit: Unit) -> Ask:
    client = _as_role(deployed, unit, "kms")
    other = f"arn:aws:iam::{deployed.settings.account}:root"
    return lambda: client.create_grant(KeyId=unit.resource, GranteePrincipal=other, Operations=["Decrypt"])


def _mails_as_somebody_else(deployed: Deployed, unit: Unit) -> Ask:
    client = _as_role(deployed, unit, "ses")
    text = {"Subject": {"Data": "text"}, "Body": {"Text": {"Data": "text"}}}
    to = {"ToAddresses": ["ada@example.com"]}
    return lambda: client.send_email(Source="somebody-else@example.com", Destination=to, Message=text)


def _lists_tasks_of_another_cluster(deployed: Deployed, unit: Unit) -> Ask:
    client = _as_role(deployed, unit, "ecs")
    return lambda: client.list_tasks(cluster="another")


_QUESTIONS: Mapping[str, Callable[[Deployed, Unit], Ask]] = MappingProxyType(
    {
        "kms:Decrypt": _decrypts_by_itself,
        "kms:GenerateDataKey": _makes_data_keys_by_itself,
        "kms:CreateGrant": _passes_the_key_on,
        "ses:SendEmail": _mails_as_somebody_else,
        "ecs:ListTasks": _lists_tasks_of_another_cluster,
    }
)
