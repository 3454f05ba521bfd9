"""Corrections to MiniStack's ECS for tasks that share one address, and for deployments that can fail."""

from collections.abc import Callable
from typing import Any

from ministack.core.concurrency import resource_lock
from ministack.core.responses import request_scope
from ministack.services import alb, ecs
from ministack.services.cloudformation import provisioners

from local.emulator.ports import LOOPBACK
from local.emulator.tasks.container import last_lines
from local.emulator.tasks.engine import PROVEN, Launch, LocalEngine

Record = dict[str, Any]

# What MiniStack puts before every reason that is not its own.
_FOREIGN_REASON = "ResourceInitializationError: unable to pull image or start container: "


def install(engine: LocalEngine) -> None:
    """Let ECS use the engine."""
    ecs._docker = engine
    ecs._build_run_kwargs = _run_arguments
    ecs._make_deployment = _unproven_deployment(ecs._make_deployment)
    ecs._sync_service_targets = _publish_targets
    ecs._start_awslogs_forwarder = _forward_once(ecs._start_awslogs_forwarder)
    ecs._fail_task_start = _with_plain_reason(ecs._fail_task_start)
    ecs._schedule_service_deployment_completion = _at_once_if_proven(ecs._schedule_service_deployment_completion)
    provisioners._normalize_container_defs = container_definitions
    ecs._ACTION_MAP["StopTask"] = _and_replace(ecs._ACTION_MAP["StopTask"])


def _run_arguments(*arguments: Any) -> dict[str, Launch]:
    """What the engine is called with, instead of Docker's options."""
    definition, task_definition, environment, _ports, _network, _host_mode, _task_id, task_arn, *_ = arguments
    return {"launch": Launch(definition, task_definition, environment, task_arn)}


def _unproven_deployment(make: Callable[..., Record]) -> Callable[..., Record]:
    """A deployment is complete when its tasks run, not when it is asked for.

    MiniStack declares a service's first deployment complete at once, so that the circuit breaker never sees it fail.
    """

    def unproven(task_definition: str, desired_count: int, status: str = "PRIMARY") -> Record:
        deployment = make(task_definition, desired_count, status)
        deployment["rolloutState"] = "IN_PROGRESS"
        deployment["rolloutStateReason"] = f"ECS deployment {deployment['id']} in progress."
        # Tags in the image store are content hashes, there is no registry to resolve them with.
        deployment["_image_resolution_disabled"] = True
        return deployment

    return unproven


def _publish_targets(_cluster: str, service: Record) -> None:
    """Register running tasks in the service's target groups, each by address and port.

    MiniStack tells targets apart by address, and takes the container's port for the target's.
    """
    group = f"service:{service.get('serviceName')}"
    for balancer in service.get("loadBalancers") or []:
        arn = balancer.get("targetGroupArn")
        if arn not in alb._tgs:
            continue
        with resource_lock("elbv2-targets", arn):
            running = []
            for task in list(ecs._tasks.values()) if service.get("status") == "ACTIVE" else []:
                belongs = task.get("group") == group and task.get("clusterArn") == service.get("clusterArn")
                port = (task.get("_local_ports") or {}).get(int(balancer.get("containerPort") or 0))
                if belongs and task.get("lastStatus") == "RUNNING" and port:
                    running.append((LOOPBACK, port))
            ledger = service.setdefault("_published_targets", {})
            # Targets that others registered in the same group stay.
            own = {*ledger.get(arn, ()), *running}
            others = [target for target in alb._targets.get(arn, []) if (target["Id"], target.get("Port")) not in own]
            alb._targets[arn] = others + [{"Id": address, "Port": port} for address, port in running]
            ledger[arn] = running


def _forward_once(forward: Callable[..., None]) -> Callable[..., None]:
    """The engine forwards a container's log from its first line; MiniStack would begin when the container is up."""
    forwarded: set[str] = set()

    def once(container: Any, definition: Record, task_id: str) -> None:
        if container.id not in forwarded:
            forwarded.add(container.id)
            forward(container, definition, task_id)

    return once


def _and_replace(stop: Callable[[Record], Any]) -> Callable[[Record], Any]:
    """A task that somebody stops is replaced by its service. MiniStack replaces those that end by themselves."""

    def stop_and_replace(data: Record) -> Any:
        response = stop(data)
        cluster = str(ecs._resolve_cluster_name(data.get("cluster", "default")))
        task = ecs._resolve_task(data.get("task", ""), cluster) or {}
        kind, _, service = str(task.get("group") or "").partition(":")
        if kind == "service":
            ecs._refresh_service_state(cluster, f"service:{service}")
            ecs._reconcile_service_tasks(cluster, f"{cluster}/{service}")
        return response

    return stop_and_replace


def _at_once_if_proven(schedule: Callable[..., None]) -> Callable[..., None]:
    """A task that has answered a load balancer is sound; MiniStack waits for a second whether it stays alive."""

    def complete(cluster: str, key: str, account: str, region: str, healthy_task: Record | None = None) -> None:
        if not (healthy_task or {}).get(PROVEN):
            schedule(cluster, key, account, region, healthy_task=healthy_task)
            return
        with request_scope(account, region):
            ecs._record_service_task_healthy(key, healthy_task)
            ecs._refresh_service_state(cluster, f"service:{key.partition('/')[2]}")
            ecs._reconcile_service_tasks(cluster, key)
            deployment = ecs._deployment_for_task(ecs._services.get(key) or {}, healthy_task)
            if deployment is not None:
                ecs._complete_service_deployment(cluster, key, expected_deployment_id=deployment["id"])

    return complete


def _with_plain_reason(fail: Callable[[Record, Any, str], None]) -> Callable[[Record, Any, str], None]:
    def fail_plainly(task: Record, engine: Any, reason: str) -> None:
        fail(task, engine, reason.removeprefix(_FOREIGN_REASON))

    return fail_plainly


def container_definitions(definitions: list[Record]) -> list[Record]:
    """A template's container definitions in the API's spelling, all levels of it.

    MiniStack leaves most nested structures in the template's spelling, `Secrets` among them, which then have no
    effect. Maps whose keys are people's own words are kept as they are.
    """
    return [_api_spelling(definition) for definition in definitions]


_OWN_WORDS = ("dockerLabels", "options")


def _api_spelling(value: Any) -> Any:
    if isinstance(value, list):
        return [_api_spelling(item) for item in value]
    if not isinstance(value, dict):
        return value
    spelled = {}
    for name, item in value.items():
        key = provisioners._cfn_to_camel(name)
        spelled[key] = item if key in _OWN_WORDS else _api_spelling(item)
    return spelled


def failure_of(deployment: str) -> str:
    """Why the last failed task of a deployment stopped, with the end of its log; empty if none failed."""
    failed = [
        task
        for task in ecs._tasks.values()
        if task.get("_deployment_id") == deployment
        and task.get("stopCode") in ("EssentialContainerExited", "TaskFailedToStart")
    ]
    if not failed:
        return ""
    last = max(failed, key=lambda task: str(task.get("stoppedAt")))
    reason = str(last.get("stoppedReason"))
    if last["stopCode"] == "EssentialContainerExited" and "_log" in last:
        reason += f"; the end of its log:\n{last_lines(last['_log'])}"
    return reason
