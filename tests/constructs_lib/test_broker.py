"""Decisions of the message broker."""

from collections.abc import Mapping
from typing import Any

import pytest
from aws_cdk import assertions

from config.model import BrokerConfig, Lifecycle
from config.offers import RABBITMQ_TYPES
from constructs_lib.broker import RabbitMqBroker
from constructs_lib.providers import AWS, LOCAL, Provider
from tests.support.given import template_of, topic, vpc


def broker(
    lifecycle: Lifecycle = Lifecycle.DESTROY, *, provider: Provider = LOCAL, alarms: bool = False, **given: Any
) -> assertions.Template:
    return template_of(
        lambda stack: RabbitMqBroker(
            stack,
            "RabbitMq",
            vpc=vpc(stack),
            config=BrokerConfig(**given),
            lifecycle=lifecycle,
            provider=provider,
            alarm_topic=topic(stack) if alarms else None,
        )
    )


def properties(template: assertions.Template) -> Mapping[str, Any]:
    (found,) = template.find_resources("AWS::AmazonMQ::Broker").values()
    made: Mapping[str, Any] = found["Properties"]
    return made


def test_a_single_instance_stands_in_one_subnet() -> None:
    """Amazon MQ refuses more."""
    found = properties(broker())
    assert (found["EngineType"], found["EngineVersion"]) == ("RABBITMQ", "4.2")
    assert (found["DeploymentMode"], len(found["SubnetIds"])) == ("SINGLE_INSTANCE", 1)


def test_a_cluster_stands_in_every_zone() -> None:
    """Two nodes of three in one zone, and the loss of that zone is the loss of the majority."""
    found = properties(broker(cluster=True))
    assert found["DeploymentMode"] == "CLUSTER_MULTI_AZ"
    assert len(found["SubnetIds"]) == 3


@pytest.mark.parametrize("cluster", [True, False])
def test_it_stands_in_private_subnets_and_nobody_gets_in_unasked(cluster: bool) -> None:
    template = broker(cluster=cluster)
    found = properties(template)
    assert found["PubliclyAccessible"] is False
    assert all("Private" in str(subnet) for subnet in found["SubnetIds"])
    (group,) = template.find_resources("AWS::EC2::SecurityGroup").values()
    assert "SecurityGroupIngress" not in group["Properties"]


def test_credentials_stand_in_no_template() -> None:
    template = broker()
    (secret,) = template.find_resources("AWS::SecretsManager::Secret")
    (user,) = properties(template)["Users"]
    for field, key in (("Username", "username"), ("Password", "password")):
        reference = user[field]["Fn::Join"][1]
        assert reference == ["{{resolve:secretsmanager:", {"Ref": secret}, f":SecretString:{key}::}}}}"]


def test_credentials_are_such_as_amazon_mq_takes() -> None:
    """It refuses the user guest, and a password with a comma, colon or equals sign: some random ones have them."""
    (secret,) = broker().find_resources("AWS::SecretsManager::Secret").values()
    made = secret["Properties"]["GenerateSecretString"]
    assert made["SecretStringTemplate"] == '{"username": "groundwork"}'
    assert made["GenerateStringKey"] == "password"
    assert (made["ExcludePunctuation"], made["IncludeSpace"]) == (True, False)
    assert made["PasswordLength"] >= 12


@pytest.mark.parametrize("provider", [AWS, LOCAL])
@pytest.mark.parametrize("version", RABBITMQ_TYPES)
def test_the_providers_type_runs_every_version(provider: Provider, version: str) -> None:
    """A configuration that names no type must get one that Amazon MQ makes brokers of."""
    assert properties(broker(provider=provider, engine_version=version))["HostInstanceType"] in RABBITMQ_TYPES[version]


def test_the_configurations_type_comes_first() -> None:
    assert properties(broker(instance_type="mq.m7g.large"))["HostInstanceType"] == "mq.m7g.large"


def test_no_log_group_without_end_comes_about() -> None:
    """Amazon MQ would make the group of its general log itself, and keep what is in it for ever."""
    assert "Logs" not in properties(broker())


def test_clients_get_the_endpoint_with_tls_and_without_credentials() -> None:
    def build(stack: Any) -> None:
        made = RabbitMqBroker(
            stack,
            "RabbitMq",
            vpc=vpc(stack),
            config=BrokerConfig(),
            lifecycle=Lifecycle.DESTROY,
            provider=LOCAL,
            alarm_topic=None,
        ).broker
        resolved.append((stack.resolve(made.url), made.port))

    resolved: list[tuple[Any, int]] = []
    (name,) = template_of(build).find_resources("AWS::AmazonMQ::Broker")
    assert resolved == [({"Fn::Select": [0, {"Fn::GetAtt": [name, "AmqpEndpoints"]}]}, 5671)]


@pytest.mark.parametrize(
    ("lifecycle", "policy"),
    [(Lifecycle.DESTROY, "Delete"), (Lifecycle.SNAPSHOT, "Retain"), (Lifecycle.RETAIN, "Retain")],
)
def test_a_protected_broker_stays_with_its_credentials(lifecycle: Lifecycle, policy: str) -> None:
    """Amazon MQ takes no snapshots, so that messages can only be kept by keeping the broker."""
    template = broker(lifecycle)
    for kind in ("AWS::AmazonMQ::Broker", "AWS::SecretsManager::Secret"):
        (found,) = template.find_resources(kind).values()
        # A broker has a name: left behind by a first deployment that fails, it would have the next one refused.
        kept = "RetainExceptOnCreate" if kind == "AWS::AmazonMQ::Broker" else "Retain"
        assert found["DeletionPolicy"] == policy.replace("Retain", kept), kind
        assert found["UpdateReplacePolicy"] == policy, kind


def test_someone_is_told_when_messages_pile_up() -> None:
    template = broker(alarms=True, backlog_alarm_messages=500)
    (alarm,) = template.find_resources("AWS::CloudWatch::Alarm").values()
    found = alarm["Properties"]
    assert (found["Namespace"], found["MetricName"], found["Threshold"]) == ("AWS/AmazonMQ", "MessageCount", 500)
    (dimension,) = found["Dimensions"]
    assert dimension == {"Name": "Broker", "Value": properties(template)["BrokerName"]}


def test_without_a_topic_there_is_no_alarm() -> None:
    broker().resource_count_is("AWS::CloudWatch::Alarm", 0)
