"""AWS::ApplicationAutoScaling: recorded only, because nothing here measures load or runs a scaling schedule."""

from local.emulator.resources.recorded import RecordedOnly, RecordedProvider
from local.emulator.resources.registry import Properties, Provider


class _ScalableTarget(RecordedProvider):
    """Its id is made of what it scales, as on AWS."""

    def physical_id(self, logical_id: str, properties: Properties, stack: str) -> str:  # noqa: ARG002
        """`resource|dimension|namespace`: a change of one of them is a replacement."""
        return "|".join(str(properties.get(name)) for name in ("ResourceId", "ScalableDimension", "ServiceNamespace"))


class _ScalingPolicy(RecordedProvider):
    """Its id is an ARN."""

    def attributes(self, physical_id: str, properties: Properties) -> dict[str, str]:  # noqa: ARG002
        """The ARN is the only attribute."""
        return {"Arn": physical_id}


def types(recorded: RecordedOnly) -> dict[str, Provider]:
    """The types of this service."""
    return {
        "AWS::ApplicationAutoScaling::ScalableTarget": _ScalableTarget(
            "AWS::ApplicationAutoScaling::ScalableTarget", recorded
        ),
        "AWS::ApplicationAutoScaling::ScalingPolicy": _ScalingPolicy(
            "AWS::ApplicationAutoScaling::ScalingPolicy", recorded
        ),
    }
