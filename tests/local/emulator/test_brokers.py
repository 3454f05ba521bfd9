"""A RabbitMQ broker of Amazon MQ is a real node that speaks AMQP under TLS and takes the user it was created with."""

import ssl
from collections.abc import Iterator
from typing import Any

import pika
import pika.exceptions
import psutil
import pytest

from tests.local.emulator.cloud import Cloud, DeploymentError, alive, asked, listening
from tests.support.eventually import eventually

STACK = "broker"
# As long as the emulator waits for a node, on a machine that has other things to do.
USER, PASSWORD = "tickets", 'twelve-or-more "\\ characters'
BROKER = {
    "BrokerName": "tickets",
    "EngineType": "RABBITMQ",
    "EngineVersion": "4.2",
    "DeploymentMode": "CLUSTER_MULTI_AZ",
    "HostInstanceType": "mq.m7g.medium",
    "PubliclyAccessible": False,
    "AutoMinorVersionUpgrade": True,
    "StorageType": "EBS",
    "SubnetIds": ["subnet-1", "subnet-2", "subnet-3"],
    "SecurityGroups": ["sg-1"],
    "Logs": {"General": True},
    "MaintenanceWindowStartTime": {"DayOfWeek": "SUNDAY", "TimeOfDay": "03:00", "TimeZone": "UTC"},
    "Users": [{"Username": USER, "Password": PASSWORD}],
    "Tags": [{"Key": "system", "Value": "ticketero"}],
}
OUTPUTS = {
    "Url": {"Fn::Select": [0, {"Fn::GetAtt": ["Broker", "AmqpEndpoints"]}]},
    "Arn": {"Fn::GetAtt": ["Broker", "Arn"]},
    "Id": {"Ref": "Broker"},
}


def resources(**changes: Any) -> dict[str, Any]:
    return {"Broker": {"Type": "AWS::AmazonMQ::Broker", "Properties": {**BROKER, **changes}}}


@pytest.fixture(scope="module")
def deployed(cloud: Cloud) -> Iterator[dict[str, str]]:
    yield cloud.deploy(STACK, resources(), OUTPUTS)
    cloud.delete(STACK)


def connect(cloud: Cloud, url: str, user: str = USER, password: str = PASSWORD) -> pika.BlockingConnection:
    host, _, port = url.removeprefix("amqps://").partition(":")
    context = ssl.create_default_context(cafile=cloud.trust)
    return pika.BlockingConnection(
        pika.ConnectionParameters(
            host=host,
            port=int(port),
            credentials=pika.PlainCredentials(user, password),
            ssl_options=pika.SSLOptions(context, host),
            socket_timeout=5,
        )
    )


def processes(cloud: Cloud, name: str) -> list[psutil.Process]:
    """What runs for a broker: start script, node, its helpers and the port mapper."""
    folder = str(cloud.data / "servers" / "amazon-mq" / name)
    of_the_broker = asked(
        cloud.children(),
        lambda process: process.environ().get("HOME") == folder or process.cwd().startswith(folder),
    )
    return [process for process, is_one in of_the_broker if is_one]


def test_the_user_of_the_template_publishes_and_consumes(cloud: Cloud, deployed: dict[str, str]) -> None:
    connection = connect(cloud, deployed["Url"])
    channel = connection.channel()
    channel.confirm_delivery()
    channel.exchange_declare("events", "topic", durable=True)
    channel.queue_declare("orders", durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_bind("orders", "events", "order.*")
    channel.basic_publish("events", "order.placed", b"1", mandatory=True)
    assert channel.basic_get("orders", auto_ack=True)[2] == b"1"
    connection.close()


def test_nobody_else_gets_in(cloud: Cloud, deployed: dict[str, str]) -> None:
    for user, password in ((USER, "another-password-altogether"), ("guest", "guest")):
        with pytest.raises(pika.exceptions.ProbableAuthenticationError):
            connect(cloud, deployed["Url"], user, password)


def test_no_port_is_open_to_others(cloud: Cloud, deployed: dict[str, str]) -> None:
    found = listening(processes(cloud, "tickets"))
    assert deployed["Url"].rpartition(":")[2] in {str(port) for _, _, port in found}
    assert {address for _, address, _ in found} <= {"127.0.0.1", "::1"}


def test_the_api_reports_what_runs(cloud: Cloud, deployed: dict[str, str]) -> None:
    broker = cloud.client("mq").describe_broker(BrokerId=deployed["Id"])
    assert broker["BrokerInstances"][0]["Endpoints"] == [deployed["Url"]]
    assert (broker["BrokerState"], broker["BrokerArn"]) == ("RUNNING", deployed["Arn"])
    assert (broker["Logs"], broker["SubnetIds"]) == ({"General": True}, BROKER["SubnetIds"])
    assert broker["Tags"]["system"] == "ticketero"


def test_messages_survive_a_node_that_is_killed_and_a_reboot(cloud: Cloud, deployed: dict[str, str]) -> None:
    connection = connect(cloud, deployed["Url"])
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare("kept", durable=True)
    channel.basic_publish("", "kept", b"still there", pika.BasicProperties(delivery_mode=2))
    former = next(process for process in processes(cloud, "tickets") if process.name().startswith("beam"))
    former.kill()
    former.wait(60)

    def message() -> bytes | None:
        try:
            replaced = connect(cloud, deployed["Url"])
        except (pika.exceptions.AMQPError, OSError):
            return None
        found = replaced.channel().basic_get("kept")[2]
        replaced.close()
        return found

    # What was got and not acknowledged is there again.
    assert eventually(message) == b"still there"
    mq = cloud.client("mq")
    mq.reboot_broker(BrokerId=deployed["Id"])
    eventually(lambda: mq.describe_broker(BrokerId=deployed["Id"])["BrokerState"] == "RUNNING")
    assert message() == b"still there"


def test_a_change_of_settings_keeps_the_broker(cloud: Cloud, deployed: dict[str, str]) -> None:
    assert cloud.deploy(STACK, resources(HostInstanceType="mq.m7g.large"), OUTPUTS) == deployed
    assert cloud.client("mq").describe_broker(BrokerId=deployed["Id"])["HostInstanceType"] == "mq.m7g.large"
    with pytest.raises(DeploymentError, match="cannot be upgraded"):
        cloud.deploy(STACK, resources(HostInstanceType="mq.m7g.large", EngineVersion="3.13"), OUTPUTS)
    with pytest.raises(DeploymentError, match="cannot be changed by CloudFormation"):
        cloud.deploy(STACK, resources(Users=[{"Username": USER, "Password": "quite-another-one"}]), OUTPUTS)


def test_a_broker_ends_with_its_stack(cloud: Cloud) -> None:
    small = {"EngineVersion": "3.13", "HostInstanceType": "mq.t3.micro", "DeploymentMode": "SINGLE_INSTANCE"}
    url = cloud.deploy("short-lived-broker", resources(BrokerName="short-lived", **small), OUTPUTS)["Url"]
    connect(cloud, url).close()
    running = processes(cloud, "short-lived")
    assert {process.name() for process in running} >= {"epmd", "beam.smp"}
    cloud.delete("short-lived-broker")
    # What is killed takes a moment to end.
    eventually(lambda: not alive(running))
    assert not (cloud.data / "servers" / "amazon-mq" / "short-lived").exists()
    with pytest.raises((pika.exceptions.AMQPError, OSError)):
        connect(cloud, url)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"EngineVersion": "3.9.16"}, "RabbitMQ 3.9.16 is not offered; allowed: 4.2, 3.13"),
        ({"EngineVersion": "3.13", "HostInstanceType": "mq.t3.medium"}, "does not run on mq.t3.medium"),
        ({"HostInstanceType": "mq.t3.micro", "DeploymentMode": "SINGLE_INSTANCE"}, "does not run on mq.t3.micro"),
        ({"HostInstanceType": "mq.m5.large"}, "does not run on mq.m5.large"),
        ({"EngineVersion": "3.13", "HostInstanceType": "mq.t3.micro"}, "a cluster does not run on mq.t3.micro"),
        ({"Users": []}, "created with one user, not 0"),
        ({"Users": [{"Username": "guest", "Password": PASSWORD}]}, "'guest' is not allowed"),
        ({"Users": [{"Username": USER, "Password": "eleven-long"}]}, "at least 12 characters"),
        ({"Users": [{"Username": USER, "Password": "with=equals,commas"}]}, "at least 12 characters"),
    ],
)
def test_what_amazon_mq_does_not_offer_is_refused(cloud: Cloud, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(DeploymentError, match=reason):
        cloud.deploy("refused-broker", resources(BrokerName="refused", **changes))
    cloud.delete("refused-broker")
