"""AWS::ECS::Service: complete when its tasks run and are healthy, failed when its deployment is.

MiniStack's own provider leaves out several properties on creation and does not wait for the tasks.
"""

import time
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ecs
from ministack.services.cloudformation import provisioners

from local.emulator.resources.registry import Properties, Provisioned, answer, register_type
from local.emulator.tasks.services import failure_of

_SERVICE = "AWS::ECS::Service"

# Longer than a circuit breaker needs; without one, CloudFormation itself would wait three hours.
STEADY_TIMEOUT_SECONDS = 300.0

_CREATE_PROPERTIES = (
    "CapacityProviderStrategy",
    "DeploymentConfiguration",
    "DeploymentController",
    "DesiredCount",
    "EnableECSManagedTags",
    "EnableExecuteCommand",
    "HealthCheckGracePeriodSeconds",
    "LaunchType",
    "LoadBalancers",
    "NetworkConfiguration",
    "PlatformVersion",
    "PropagateTags",
    "SchedulingStrategy",
    "ServiceRegistries",
    "Tags",
    "TaskDefinition",
)


def register() -> None:
    """Provide the type."""
    register_type(_SERVICE, _Service(), blocks=True, sent_back=True)


class _Service:
    """AWS::ECS::Service."""

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        """Create the service and wait for its first deployment.

        Raises:
            ValueError: it was refused, or its tasks do not run.
        """
        name = properties.get("ServiceName") or f"{stack}-{logical_id}"
        cluster = _cluster_name(properties)
        given = {key: properties[key] for key in _CREATE_PROPERTIES if key in properties}
        request: dict[str, Any] = provisioners._pascal_to_camel(given)
        answer(ecs._create_service({**request, "serviceName": name, "cluster": cluster}), _SERVICE)
        _rebalance(f"{cluster}/{name}", properties)
        try:
            _await_steady(f"{cluster}/{name}")
        except ValueError:
            # CloudFormation knows nothing of it yet, so that the rollback would leave it there.
            self.delete(name, properties)
            raise
        return self._provisioned(cluster, name)

    def update(
        self,
        physical_id: str,
        old: Properties,
        new: Properties,
        stack: str,
        logical_id: str | None = None,
    ) -> Provisioned:
        """Change the service and wait for the deployment; another name, cluster or launch type is another service.

        Raises:
            ValueError: it was refused, or the new tasks do not run: by then the service is back at its former ones.
        """
        if any(
            old.get(name) != new.get(name) for name in ("ServiceName", "Cluster", "LaunchType", "SchedulingStrategy")
        ):
            return self.create(logical_id or physical_id, new, stack)
        cluster, name = _cluster_name(new), physical_id.rsplit("/", 1)[-1]
        key = f"{cluster}/{name}"
        known = _deployment_ids(key)
        provisioners._ecs_service_update(physical_id, {**old, "Cluster": cluster}, {**new, "Cluster": cluster}, stack)
        _rebalance(key, new)
        # One that fails at once has already been replaced by its rollback: the new one is waited for, not the primary.
        started = [each for each in _deployment_ids(key) if each not in known]
        _await_steady(key, *started)
        return self._provisioned(cluster, name)

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Delete the service; its tasks are told to stop and drain in the background."""
        cluster, name = _cluster_name(properties), physical_id.rsplit("/", 1)[-1]
        if f"{cluster}/{name}" in ecs._services:
            answer(ecs._delete_service({"cluster": cluster, "service": name, "force": True}), _SERVICE)

    @staticmethod
    def _provisioned(cluster: str, name: str) -> Provisioned:
        arn = f"arn:aws:ecs:{get_region()}:{get_account_id()}:service/{cluster}/{name}"
        return arn, {"ServiceArn": arn, "Name": name}


def _rebalance(key: str, properties: Properties) -> None:
    """Keep the setting, which MiniStack drops; there is one zone here, so it changes nothing."""
    ecs._services[key]["availabilityZoneRebalancing"] = properties.get("AvailabilityZoneRebalancing", "DISABLED")


def _cluster_name(properties: Properties) -> str:
    return str(properties.get("Cluster", "default")).rsplit("/", 1)[-1]


def _deployment_ids(key: str) -> list[str]:
    return [str(each["id"]) for each in ecs._services[key]["deployments"]]


def _await_steady(key: str, started: str | None = None) -> None:
    """Wait until a service runs what was asked for; `started` is the deployment that has begun with it, if any.

    Raises:
        ValueError: its deployment failed, or nothing is steady in time.
    """
    awaited = started or ecs._primary_deployment(ecs._services[key])["id"]
    deadline = time.monotonic() + STEADY_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        service = ecs._services.get(key) or {}
        deployment = next((each for each in service.get("deployments", []) if each["id"] == awaited), None)
        if deployment is None or service.get("status") != "ACTIVE":
            raise ValueError(f"service {key} was deleted or deployed anew while it was waited for")
        if deployment["rolloutState"] == "FAILED":
            raise ValueError(f"ECS Deployment Circuit Breaker was triggered. {_why(awaited)}")
        if deployment["rolloutState"] == "COMPLETED" and service["runningCount"] == service["desiredCount"]:
            return
        time.sleep(0.05)
    raise ValueError(f"service {key} was not steady within {STEADY_TIMEOUT_SECONDS:.0f} s. {_why(awaited)}")


def _why(deployment: str) -> str:
    reason = failure_of(deployment)
    return f"The last task that failed: {reason}" if reason else "No task has failed; some did not get healthy."
