"""The smallest checks that tell whether a grant is there, by the kind of role: those that fit every system."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import uuid4

import httpx
from botocore.exceptions import ClientError

from tests.least_privilege.ground import Deployed, Unit
from tests.least_privilege.workloads import (
    NotDoneError,
    address_of,
    function_of,
    invoke,
    new_task,
    restart_function,
    service_of,
)

Found = TypeVar("Found")
_POLL_SECONDS = 0.2
# For so long nothing may come into a log before it is watched, and for so long that is waited for.
_QUIET_MILLISECONDS, _SILENCE_SECONDS = 3000, 30
SECRETS = ("secretsmanager:GetSecretValue", "kms:Decrypt")
_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
_OF_LAMBDA = "lambda.amazonaws.com"


def _nothing(_deployed: Deployed, _unit: Unit) -> None:
    """There is nothing that has to begin anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """Something that a system does, and does not without a grant."""

    name: str
    guards: Callable[[Unit], bool]
    """Whether it needs this grant."""
    look: Callable[[Deployed, Unit, float], None]
    """Do it, within so many seconds; raises NotDoneError or what the work raises."""
    refresh: Callable[[Deployed, Unit], None] = _nothing
    """Let what has cached something begin anew."""
    green_seconds: float = 300.0
    """Within which it passes once its grant is back, on two cores that have more to do."""
    uses_each: bool = False
    """Whether everything is used only when it is done for each resource."""


def within(seconds: float, what: str, look: Callable[[], Found | None]) -> Found:
    """What `look` finds, looking again until it finds something.

    Raises:
        NotDoneError: the time is up.
    """
    deadline = time.monotonic() + seconds
    while True:
        if (found := look()) is not None:
            return found
        if time.monotonic() > deadline:
            raise NotDoneError(f"{what}: not within {seconds:.0f} s")
        time.sleep(_POLL_SECONDS)


def _starts(deployed: Deployed, unit: Unit, seconds: float) -> None:
    with new_task(deployed, service_of(deployed, unit.role_name), seconds=seconds):
        pass


def _logs_of_task(deployed: Deployed, unit: Unit, seconds: float) -> None:
    service = service_of(deployed, unit.role_name)
    definition = deployed.client("ecs").describe_task_definition(taskDefinition=service.definition)["taskDefinition"]
    container = definition["containerDefinitions"][0]
    options = container["logConfiguration"]["options"]
    with new_task(deployed, service, seconds=max(seconds, 20)) as task:
        name = f"{options['awslogs-stream-prefix']}/{container['name']}/{task.rpartition('/')[2]}"
        within(seconds, "a line in the log", lambda: _events(deployed, options["awslogs-group"], name))


def _logs_of_function(deployed: Deployed, unit: Unit, seconds: float) -> None:
    function = function_of(deployed, unit.role_name)
    configuration = deployed.client("lambda").get_function_configuration(FunctionName=function)
    group = configuration.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{function}"
    since = _now()
    # A call that makes no sense to it is logged as well.
    with contextlib.suppress(NotDoneError):
        invoke(deployed, function, {"Records": []})
    within(seconds, "a line in the log", lambda: _events(deployed, group, since=since))


def _events(deployed: Deployed, group: str, stream: str | None = None, *, since: int = 0) -> list[Any] | None:
    chosen = {"logStreamNames": [stream]} if stream else {}
    try:
        found = deployed.client("logs").filter_log_events(logGroupName=group, startTime=since, **chosen)["events"]
    except ClientError:
        return None
    return list(found) or None


def _now() -> int:
    return int(time.time() * 1000)


def _gets_into_its_network(deployed: Deployed, unit: Unit, _seconds: float) -> None:
    client, function = deployed.client("lambda"), function_of(deployed, unit.role_name)
    network = client.get_function_configuration(FunctionName=function)["VpcConfig"]
    chosen = {name: network[name] for name in ("SubnetIds", "SecurityGroupIds")}
    client.update_function_configuration(FunctionName=function, VpcConfig=chosen)


def _is_invoked_by_its_schedule(deployed: Deployed, unit: Unit, seconds: float) -> None:
    """A schedule of the same role and target, that is due."""
    client = deployed.client("scheduler")
    names = [each["Name"] for each in client.list_schedules()["Schedules"]]
    found = [client.get_schedule(Name=name)["Target"] for name in names]
    target = next(each for each in found if each["RoleArn"].rpartition("/")[2] == unit.role_name)
    function = str(target["Arn"]).rpartition(":")[2]
    configuration = deployed.client("lambda").get_function_configuration(FunctionName=function)
    group = configuration.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{function}"
    # What was invoked before by somebody else may still be writing.
    within(
        _SILENCE_SECONDS,
        "silence",
        lambda: _events(deployed, group, since=_now() - _QUIET_MILLISECONDS) is None or None,
    )
    since, name = _now(), f"least-privilege-{uuid4().hex[:8]}"
    client.create_schedule(
        Name=name,
        ScheduleExpression=f"at({datetime.now(UTC):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": target["Arn"], "RoleArn": target["RoleArn"]},
    )
    try:
        within(seconds, "an invocation", lambda: _events(deployed, group, since=since))
    finally:
        client.delete_schedule(Name=name)


def is_ready(deployed: Deployed, unit: Unit, seconds: float) -> None:
    """A task of its own, so that those that serve keep what they have read."""
    service = service_of(deployed, unit.role_name)
    with new_task(deployed, service, seconds=max(seconds, 20)) as task:
        address = f"{address_of(deployed, unit.role_name, task)}/ready"

        def ready() -> bool | None:
            try:
                return httpx.get(address, timeout=5).is_success or None
            except httpx.HTTPError:
                return None

        within(seconds, address, ready)


def _migrates(deployed: Deployed, unit: Unit, _seconds: float) -> None:
    invoke(deployed, function_of(deployed, unit.role_name), {})


def _lists_keys(deployed: Deployed, unit: Unit, _seconds: float) -> None:
    invoke(deployed, function_of(deployed, unit.role_name), {"action": "list"})


def _rotates(deployed: Deployed, unit: Unit, seconds: float) -> None:
    """A secret gets a new version, which its database knows."""
    secrets, function = deployed.client("secretsmanager"), function_of(deployed, unit.role_name)
    own = [
        each["ARN"]
        for page in secrets.get_paginator("list_secrets").paginate()
        for each in page["SecretList"]
        if str(secrets.describe_secret(SecretId=each["ARN"]).get("RotationLambdaARN", "")).rpartition(":")[2]
        == function
    ]
    # The owner's secret opens the database, whichever is rotated.
    chosen = unit.resource if unit.resource in own else own[0]
    before = secrets.get_secret_value(SecretId=chosen)["VersionId"]
    secrets.rotate_secret(SecretId=chosen)
    within(
        seconds,
        "a new version of the secret",
        lambda: secrets.get_secret_value(SecretId=chosen)["VersionId"] != before or None,
    )


def _fresh_function(deployed: Deployed, unit: Unit) -> None:
    restart_function(deployed, unit.role_name)


def _is_execution_role(unit: Unit) -> bool:
    return unit.role.path.endswith("/ExecutionRole")


def _is_of(unit: Unit, *actions: str) -> bool:
    return any(unit.granted.action.startswith(each) for each in actions)


GENERAL: tuple[Check, ...] = (
    Check(
        name="a new task's log arrives",
        guards=lambda unit: _is_execution_role(unit) and _is_of(unit, "logs:PutLogEvents"),
        look=_logs_of_task,
    ),
    Check(
        name="a new task starts",
        guards=lambda unit: _is_execution_role(unit) and _is_of(unit, "ecr:", "logs:CreateLogStream"),
        look=_starts,
    ),
    Check(
        name="a new task is ready",
        guards=lambda unit: (
            unit.role.path.endswith("/TaskRole")
            and unit.granted.action in SECRETS
            and any(each in unit.granted.resource for each in ("<Database/", "<Cache/"))
        ),
        look=is_ready,
    ),
    Check(
        name="the schema is brought up to date",
        guards=lambda unit: "/Migrator/" in unit.role.path and _is_of(unit, "secretsmanager:", "kms:"),
        look=_migrates,
        refresh=_fresh_function,
    ),
    Check(
        name="a secret is rotated",
        guards=lambda unit: "/Rotator/" in unit.role.path and _is_of(unit, "secretsmanager:", "kms:"),
        look=_rotates,
        refresh=_fresh_function,
        uses_each=True,
    ),
    Check(
        name="API keys are listed",
        guards=lambda unit: unit.role.path.endswith("Keys/Role") and _is_of(unit, "secretsmanager:", "kms:"),
        look=_lists_keys,
        refresh=_fresh_function,
    ),
    Check(
        name="a function's log arrives",
        guards=lambda unit: (
            _OF_LAMBDA in unit.role.principals
            and (_is_of(unit, *_LOGS) or unit.granted.policy.endswith("/AWSLambdaBasicExecutionRole"))
        ),
        look=_logs_of_function,
    ),
    Check(
        name="a function gets into its network",
        guards=lambda unit: (
            _OF_LAMBDA in unit.role.principals
            and _is_of(
                unit, "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"
            )
        ),
        look=_gets_into_its_network,
    ),
    Check(
        name="a schedule invokes its function",
        guards=lambda unit: "scheduler.amazonaws.com" in unit.role.principals,
        look=_is_invoked_by_its_schedule,
        uses_each=True,
    ),
)
