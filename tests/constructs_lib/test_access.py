"""Decisions of the declaration of what code uses."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs

from config.model import ChannelsConfig, Lifecycle, Uses
from constructs_lib.access import (
    Access,
    Broker,
    Cache,
    Consumer,
    Database,
    MissingResourceError,
    Queue,
    Resources,
    Search,
)
from constructs_lib.channels import Channels
from constructs_lib.providers import AWS, LOCAL
from stacks.compose import new_app
from tests.support.given import vpc
from tests.support.synth import cdk_context


class Site:
    """Resources in a stack of their own below that of their consumer."""

    def __init__(self) -> None:
        app = new_app(cdk_context())
        self.below = cdk.Stack(app, "Below")
        self.above = cdk.Stack(app, "Above")
        self.vpc = vpc(self.below)
        self.resources = Resources(
            databases={"orders": self._database("Orders"), "users": self._database("Users")},
            queue=Queue(queue=sqs.Queue(self.below, "Queue"), dlq=sqs.Queue(self.below, "Dlq"), max_receive_count=5),
            cache=Cache(**self._server("Cache", 6379), host="cache", endpoint_port="16379"),
            broker=Broker(**self._server("Broker", 5671), url="amqps://broker:5671"),
            search=Search(**self._server("Search", 443), url="https://search"),
            buckets={"media": s3.Bucket(self.below, "Media")},
        )
        role = iam.Role(self.above, "Role", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
        group = ec2.SecurityGroup(self.above, "Group", vpc=self.vpc, allow_all_outbound=False)
        self.consumer = Consumer(role=role, network=group)

    def _server(self, name: str, port: int) -> dict[str, Any]:
        group = ec2.SecurityGroup(self.below, f"{name}Group", vpc=self.vpc)
        return {"network": group, "port": port, "secret": secretsmanager.Secret(self.below, f"{name}Secret")}

    def _database(self, name: str) -> Database:
        server = self._server(name, 5432)
        return Database(
            network=server["network"],
            port=server["port"],
            master_secret=server["secret"],
            host=f"{name.lower()}.example",
            endpoint_port="15432",
            name=name.lower(),
            schema="shop_order",
            arn=f"arn:aws:rds:eu-central-1:123456789012:db:{name.lower()}",
            users={user: secretsmanager.Secret(self.below, f"{name}User{user}") for user in ("api", "worker")},
        )

    def channels(self, *used: Any) -> Channels:
        config = ChannelsConfig(email_sender="shop@example.com")
        return Channels(self.above, "Channels", config=config, used=used, lifecycle=Lifecycle.DESTROY)

    def allow(self, uses: Uses, channels: Channels | None = None) -> assertions.Template:
        """The consumer's template once it may use what it declares."""
        Access(uses, self.resources, LOCAL, channels, user="api").allow(self.consumer)
        return assertions.Template.from_stack(self.above)

    def variables(self, uses: Uses, channels: Channels | None = None) -> dict[str, str]:
        return Access(uses, self.resources, LOCAL, channels, user="api").variables


def actions(template: assertions.Template) -> set[str]:
    found: set[str] = set()
    for policy in template.find_resources("AWS::IAM::Policy").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            given = statement["Action"]
            found |= set(given) if isinstance(given, list) else {given}
    return found


@pytest.mark.parametrize(
    ("uses", "names"),
    [
        (Uses(), set()),
        (
            Uses(database="orders"),
            {"DATABASE_HOST", "DATABASE_PORT", "DATABASE_NAME", "DATABASE_SECRET_ARN", "DATABASE_SSLMODE"},
        ),
        (Uses(queue=True), {"QUEUE_URL"}),
        (Uses(cache=True), {"CACHE_HOST", "CACHE_PORT", "CACHE_SECRET_ARN"}),
        (Uses(broker=True), {"BROKER_URL", "BROKER_SECRET_ARN"}),
        (Uses(search=True), {"SEARCH_URL", "SEARCH_SECRET_ARN"}),
        (Uses(buckets=("media",)), {"MEDIA_BUCKET"}),
    ],
)
def test_variables_are_those_of_what_is_used(uses: Uses, names: set[str]) -> None:
    """A variable too many tells code of what it cannot reach."""
    assert set(Site().variables(uses)) == names


def test_the_port_told_is_the_one_the_server_answers_on() -> None:
    """The rule opens the configured port; the endpoint says where the server really listens."""
    site = Site()
    assert site.variables(Uses(database="orders"))["DATABASE_PORT"] == "15432"
    assert site.variables(Uses(cache=True))["CACHE_PORT"] == "16379"


def test_the_provider_says_how_the_database_is_reached() -> None:
    resources = Site().resources
    assert Access(Uses(database="orders"), resources, AWS, user="api").variables["DATABASE_SSLMODE"] == "verify-full"
    assert Access(Uses(database="orders"), resources, LOCAL, user="api").variables["DATABASE_SSLMODE"] == "disable"


@pytest.mark.parametrize(
    ("uses", "port"),
    [
        (Uses(database="users"), 5432),
        (Uses(cache=True), 6379),
        (Uses(broker=True), 5671),
        (Uses(search=True), 443),
    ],
)
def test_the_way_to_a_server_is_made_on_the_consumers_side(uses: Uses, port: int) -> None:
    """A rule in the server's stack would change it with every consumer, and lead in a circle."""
    site = Site()
    template = site.allow(uses)
    template.resource_count_is("AWS::EC2::SecurityGroupIngress", 1)
    template.has_resource_properties("AWS::EC2::SecurityGroupIngress", {"FromPort": port, "ToPort": port})
    template.has_resource_properties("AWS::EC2::SecurityGroupEgress", {"FromPort": port, "ToPort": port})
    assertions.Template.from_stack(site.below).resource_count_is("AWS::EC2::SecurityGroupIngress", 0)


def test_a_user_that_the_database_has_not_is_refused() -> None:
    """Of code that signs in as nobody in particular, the rights would be nobody's either."""
    for user in ("stranger", None):
        with pytest.raises(MissingResourceError, match="uses of database 'orders' the user"):
            Access(Uses(database="orders"), Site().resources, LOCAL, user=user)


def test_only_the_secret_of_ones_own_user_can_be_read() -> None:
    template = Site().allow(Uses(database="orders"))
    (policy,) = template.find_resources("AWS::IAM::Policy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    assert actions(template) == {"secretsmanager:GetSecretValue"}
    assert "OrdersUserapi" in str(statements)
    for other in ("OrdersUserworker", "OrdersSecret", "UsersUser", "UsersSecret"):
        assert other not in str(statements)


def test_who_uses_the_queue_may_send_and_not_receive() -> None:
    assert actions(Site().allow(Uses(queue=True))) == {"sqs:SendMessage"}


def test_objects_of_a_bucket_can_be_read_and_written_but_not_deleted() -> None:
    assert actions(Site().allow(Uses(buckets=("media",)))) == {
        "s3:GetObject",
        "s3:PutObject",
        "s3:ListBucket",
    }


def test_a_channel_brings_what_it_needs_and_no_other_ones() -> None:
    site = Site()
    channels = site.channels("email")
    uses = Uses(channels=("email",))
    assert site.variables(uses, channels) == {"EMAIL_SENDER": "shop@example.com"}
    template = site.allow(uses, channels)
    assert actions(template) == {"ses:SendEmail"}
    template.resource_count_is("AWS::SecretsManager::Secret", 0)


def test_only_a_webhook_opens_more_than_https_to_the_world() -> None:
    site = Site()
    channels = site.channels("webhook", "telegram", "email")
    webhook, telegram, email = (
        Access(Uses(channels=(each,)), site.resources, LOCAL, channels) for each in ("webhook", "telegram", "email")
    )
    assert [port.to_string() for port in webhook.egress_ports] == ["443", "1024-65535"]
    assert [port.to_string() for port in telegram.egress_ports] == ["443"]
    assert (webhook.leaves, telegram.leaves, email.leaves) == (True, True, False)


@pytest.mark.parametrize(
    ("uses", "told"),
    [
        (Uses(database="orders"), "uses database 'orders', which the system does not have"),
        (Uses(cache=True), "uses a cache, which the system does not have"),
        (Uses(buckets=("media",)), "uses bucket 'media', which the system does not have"),
        (Uses(channels=("email",)), "uses channels, which the system does not have"),
    ],
)
def test_what_is_not_there_is_refused(uses: Uses, told: str) -> None:
    with pytest.raises(MissingResourceError, match=told):
        Access(uses, Resources(), LOCAL)
