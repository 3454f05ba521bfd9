"""AWS::AmazonMQ::Broker by the emulator's Amazon MQ, and its configurations, which are only recorded."""

import json
import uuid
from typing import Any

from ministack.services import mq

from local.emulator.brokers import Brokers
from local.emulator.resources.recorded import RecordedOnly, RecordedProvider
from local.emulator.resources.registry import Properties, Provider, Provisioned, answer, register_type, tag_type
from local.errors import LocalError

_BROKER = "AWS::AmazonMQ::Broker"
_CONFIGURATION = "AWS::AmazonMQ::Configuration"
_ASSOCIATION = "AWS::AmazonMQ::ConfigurationAssociation"
# What CloudFormation makes a new broker for; all else is changed in the one that is there.
_CREATE_ONLY = (
    *("BrokerName", "DataReplicationPrimaryBrokerArn", "DeploymentMode", "EncryptionOptions", "EngineType"),
    *("PubliclyAccessible", "StorageType", "SubnetIds"),
)


def register(brokers: Brokers) -> None:
    """Provide brokers."""
    register_type(_BROKER, _Broker(brokers), blocks=True)
    tag_type(_BROKER)


def types(recorded: RecordedOnly) -> dict[str, Provider]:
    """The types that have no effect here."""
    return {
        _CONFIGURATION: _Configuration(_CONFIGURATION, recorded),
        _ASSOCIATION: RecordedProvider(_ASSOCIATION, recorded),
    }


class _Broker:
    """AWS::AmazonMQ::Broker."""

    def __init__(self, brokers: Brokers) -> None:
        """Use the servers of `brokers`."""
        self._brokers = brokers

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:  # noqa: ARG002
        """Create the broker and wait until it runs.

        Raises:
            ValueError: Amazon MQ refuses it, or it does not come up.
        """
        body = _request(properties)
        identifier = str(json.loads(answer(mq._create_broker(body), _BROKER))["brokerId"])
        try:
            self._brokers.settle(identifier)
        except (LocalError, OSError) as error:
            mq._delete_broker(identifier)
            raise ValueError(f"{_BROKER}: {error}") from error
        return identifier, _attributes(identifier)

    def update(
        self, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None
    ) -> Provisioned:
        """Change settings in place, or create the replacement that a create-only property asks for.

        Raises:
            ValueError: Amazon MQ refuses the change.
        """
        if any(old.get(name) != new.get(name) for name in _CREATE_ONLY):
            return self.create(logical_id or physical_id, new, stack)
        if old.get("Users") != new.get("Users"):
            raise ValueError(
                f"{_BROKER}: the user of a RabbitMQ broker is created with it and cannot be changed by CloudFormation"
            )
        before, after = _request(old), _request(new)
        changes = {name: value for name, value in after.items() if name != "tags" and before.get(name) != value}
        answer(mq._update_broker(physical_id, changes), _BROKER)
        arn = mq._brokers[physical_id]["brokerArn"]
        mq._tags[arn] = after["tags"]
        return physical_id, _attributes(physical_id)

    def delete(self, physical_id: str, properties: Properties) -> None:  # noqa: ARG002 - CloudFormation's signature
        """Delete the broker and its messages."""
        if physical_id in mq._brokers:
            answer(mq._delete_broker(physical_id), _BROKER)
            self._brokers.settle(physical_id)


class _Configuration(RecordedProvider):
    """AWS::AmazonMQ::Configuration."""

    def physical_id(self, logical_id: str, properties: Properties, stack: str) -> str:  # noqa: ARG002
        """The id of the configuration."""
        return f"c-{uuid.uuid5(uuid.NAMESPACE_OID, f'{stack}/{logical_id}')}"

    def attributes(self, physical_id: str, properties: Properties) -> dict[str, str]:  # noqa: ARG002
        """What Fn::GetAtt answers; there is one revision, because none has an effect."""
        arn = f"arn:aws:mq:{mq.get_region()}:{mq.get_account_id()}:configuration:{physical_id}"
        return {"Arn": arn, "Id": physical_id, "Revision": "1"}


def _request(properties: Properties) -> dict[str, Any]:
    """Template properties as the API's request."""
    tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags") or []}
    body: dict[str, Any] = _lower({name: value for name, value in properties.items() if name != "Tags"})
    return {**body, "tags": tags}


def _lower(value: Any) -> Any:
    """Names begin with a capital in templates and without in the API."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _lower(each) for name, each in value.items()}
    return [_lower(each) for each in value] if isinstance(value, list) else value


def _attributes(identifier: str) -> dict[str, Any]:
    broker = mq._brokers[identifier]
    instances = broker["brokerInstances"]
    endpoints = [endpoint for instance in instances for endpoint in instance["endpoints"]]
    return {
        "Id": identifier,
        "Arn": broker["brokerArn"],
        "AmqpEndpoints": endpoints,
        "ConsoleURLs": [instance["consoleURL"] for instance in instances],
        "IpAddresses": [instance["ipAddress"] for instance in instances],
        "EngineVersionCurrent": broker["engineVersion"],
    }
