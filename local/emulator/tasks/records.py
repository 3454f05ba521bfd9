"""What the emulator's records tell of a task that runs: its address, its health, its session."""

import hashlib
import secrets
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import sts

from local.emulator import ports


def credentials(task_definition: dict[str, Any], task_id: str) -> tuple[str | None, dict[str, str]]:
    """A session of the task's role, which ends with the task: its access key, and its variables."""
    role = task_definition.get("taskRoleArn")
    if not role:
        return None, {}
    name = str(role).rsplit("/", 1)[-1]
    access_key = f"ASIA{hashlib.sha256(secrets.token_bytes(16)).hexdigest()[:16].upper()}"
    secret_key, token = secrets.token_hex(20), secrets.token_hex(32)
    sts.register_session(
        access_key,
        {
            "Arn": f"arn:aws:sts::{get_account_id()}:assumed-role/{name}/{task_id}",
            "UserId": f"{name}:{task_id}",
            "SecretAccessKey": secret_key,
            "SessionToken": token,
        },
    )
    return access_key, {
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_SESSION_TOKEN": token,
    }


def publish_port(task: dict[str, Any], definition: dict[str, Any], port: int) -> None:
    """Let DescribeTasks and the load balancer know where the container really listens."""
    container = _described(task, definition)
    container["networkInterfaces"] = [{"privateIpv4Address": ports.LOOPBACK}]
    mapping = next(iter(definition.get("portMappings") or []), None)
    if mapping is not None:
        container_port = int(mapping["containerPort"])
        task.setdefault("_local_ports", {})[container_port] = port
        container["networkBindings"] = [
            {"bindIP": ports.LOOPBACK, "containerPort": container_port, "hostPort": port, "protocol": "tcp"}
        ]


def publish_health(task: dict[str, Any], definition: dict[str, Any], status: str) -> None:
    """Let DescribeTasks tell a container's health; the task is as healthy as the worst container that has a check."""
    _described(task, definition)["healthStatus"] = status
    known = {each.get("healthStatus") for each in task["containers"]}
    task["healthStatus"] = "UNHEALTHY" if "UNHEALTHY" in known else status


def _described(task: dict[str, Any], definition: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in task["containers"] if each["name"] == definition["name"])
    return found
