"""AWS::ApplicationAutoScaling: targets keep their bounds; policies are recorded only, as nothing here measures load."""

from ministack.services import ecs

from local.emulator.resources.recorded import RecordedOnly, RecordedProvider
from local.emulator.resources.registry import CreatedAgain, Properties, Provider, Provisioned, answer

_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
_POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"
_TASKS = "ecs:service:DesiredCount"


class _ScalableTarget(CreatedAgain):
    """Registering one brings what it scales within its bounds at once, as on AWS."""

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:  # noqa: ARG002
        """Bring the count within the bounds; the id is made of what is scaled.

        Raises:
            ValueError: the service that it scales does not exist.
        """
        if properties.get("ScalableDimension") == _TASKS:
            _keep_within(properties)
        physical_id = "|".join(
            str(properties.get(name)) for name in ("ResourceId", "ScalableDimension", "ServiceNamespace")
        )
        return physical_id, {"Id": physical_id}

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Nothing scales any more; the count stays as it is."""


class _ScalingPolicy(RecordedProvider):
    """Its id is an ARN."""

    def attributes(self, physical_id: str, properties: Properties) -> dict[str, str]:  # noqa: ARG002 - for subtypes
        """The ARN is the only attribute."""
        return {"Arn": physical_id}


def types(recorded: RecordedOnly) -> dict[str, Provider]:
    """The types of this service."""
    return {_TARGET: _ScalableTarget(), _POLICY: _ScalingPolicy(_POLICY, recorded)}


def _keep_within(properties: Properties) -> None:
    _, cluster, service = str(properties["ResourceId"]).split("/")
    found = ecs._services.get(f"{cluster}/{service}")
    if found is None:
        raise ValueError(f"{_TARGET}: no ECS service {service} in cluster {cluster}")
    count = int(found["desiredCount"])
    bounded = min(max(count, int(properties["MinCapacity"])), int(properties["MaxCapacity"]))
    if bounded != count:
        answer(ecs._update_service({"cluster": cluster, "service": service, "desiredCount": bounded}), _TARGET)
