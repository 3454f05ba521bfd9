"""A RabbitMQ broker of Amazon MQ, in the private subnets."""

from aws_cdk import Duration, Fn, Names
from aws_cdk import aws_amazonmq as amazonmq
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.model import BrokerConfig, Lifecycle
from constructs_lib.access import Broker
from constructs_lib.alarms import alarm
from constructs_lib.graphs import Graph
from constructs_lib.keys import customer_key
from constructs_lib.lifecycle import named_removal_policy, removal_policy
from constructs_lib.network import PRIVATE
from constructs_lib.providers import Provider

# AMQP over TLS: the only way in that Amazon MQ offers.
PORT = 5671
USER = "groundwork"
_MINUTE = Duration.minutes(1)
# Amazon MQ takes passwords of 12 characters and more, and none of , : = in them.
_PASSWORD_LENGTH = 40


class RabbitMqBroker(Construct):
    """A single instance in one zone, or a cluster of three nodes over the zones.

    Its general log stays off: Amazon MQ would write it to a log group of its own making, which keeps logs for ever.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc: ec2.IVpc,
        config: BrokerConfig,
        lifecycle: Lifecycle,
        provider: Provider,
        alarm_topic: sns.ITopic | None,
    ) -> None:
        super().__init__(scope, id_)
        group = ec2.SecurityGroup(self, "SecurityGroup", vpc=vpc, description="The broker", allow_all_outbound=False)
        secret = secretsmanager.Secret(
            self,
            "Credentials",
            # The secret alone: RabbitMQ's volumes are encrypted by a key of AWS's own, and take no other.
            encryption_key=customer_key(self, "secretsmanager"),
            description="User and password of the broker",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=f'{{"username": "{USER}"}}',
                generate_string_key="password",
                exclude_punctuation=True,
                include_space=False,
                password_length=_PASSWORD_LENGTH,
            ),
            removal_policy=removal_policy(lifecycle),
        )
        subnet_ids = vpc.select_subnets(subnet_type=PRIVATE.subnet_type).subnet_ids
        self._broker = amazonmq.CfnBroker(
            self,
            "Broker",
            # The one name that AWS asks for.
            broker_name=Names.unique_resource_name(self, max_length=50, separator="-"),
            engine_type="RABBITMQ",
            engine_version=config.engine_version,
            host_instance_type=config.instance_type or provider.broker_instance_type,
            deployment_mode="CLUSTER_MULTI_AZ" if config.cluster else "SINGLE_INSTANCE",
            publicly_accessible=False,
            # A single instance stands in one subnet, and takes no more.
            subnet_ids=subnet_ids if config.cluster else subnet_ids[:1],
            security_groups=[group.security_group_id],
            auto_minor_version_upgrade=True,
            users=[
                amazonmq.CfnBroker.UserProperty(
                    # References that CloudFormation resolves: neither stands in a template.
                    username=secret.secret_value_from_json("username").unsafe_unwrap(),
                    password=secret.secret_value_from_json("password").unsafe_unwrap(),
                )
            ],
        )
        self._broker.apply_removal_policy(named_removal_policy(lifecycle))
        self.broker = Broker(
            network=ec2.Connections(security_groups=[group]),
            url=Fn.select(0, self._broker.attr_amqp_endpoints),
            port=PORT,
            secret=secret,
        )
        if alarm_topic is not None:
            alarm(
                self,
                "BacklogAlarm",
                metric=self._metric("MessageCount", "Maximum"),
                threshold=config.backlog_alarm_messages,
                evaluation_periods=5,
                description="Messages arrive at the broker faster than they are consumed",
                topic=alarm_topic,
            )

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """How much waits, how much passes, and who is connected."""
        return (
            Graph(title="Broker: messages in all queues", metrics=(self._metric("MessageCount", "Maximum"),)),
            Graph(
                title="Broker: messages per minute",
                metrics=(self._metric("PublishRate", "Sum"), self._metric("AckRate", "Sum")),
            ),
            Graph(title="Broker: connections", metrics=(self._metric("ConnectionCount", "Maximum"),)),
        )

    def _metric(self, name: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/AmazonMQ",
            metric_name=name,
            dimensions_map={"Broker": self._broker.broker_name},
            period=_MINUTE,
            statistic=statistic,
        )
