"""An OpenSearch domain inside the VPC, with fine-grained access."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_opensearchservice as opensearch
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.model import Lifecycle, SearchConfig
from config.offers import search_zones
from constructs_lib.access import Search
from constructs_lib.alarms import alarm
from constructs_lib.graphs import Graph
from constructs_lib.keys import customer_key
from constructs_lib.lifecycle import removal_policy
from constructs_lib.network import data_subnets

PORT = 443
USER = "groundwork"
_MINUTE = Duration.minutes(1)
_PASSWORD_LENGTH = 40


class SearchDomain(Construct):
    """The domain: its security group decides who reaches it, its own users decide who may do what."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc: ec2.IVpc,
        config: SearchConfig,
        lifecycle: Lifecycle,
        alarm_topic: sns.ITopic | None,
    ) -> None:
        super().__init__(scope, id_)
        group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, description="The search domain", allow_all_outbound=False
        )
        key = customer_key(self, "es", "secretsmanager")
        secret = secretsmanager.Secret(
            self,
            "Credentials",
            encryption_key=key,
            description="Master user of the search domain",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=f'{{"username": "{USER}"}}',
                generate_string_key="password",
                # OpenSearch asks for a character of every kind; these need no escaping.
                exclude_characters="\"'\\`$&<>|;{}()[]^~*? ",
                require_each_included_type=True,
                password_length=_PASSWORD_LENGTH,
            ),
            removal_policy=removal_policy(lifecycle),
        )
        subnets = vpc.select_subnets(subnet_type=data_subnets(vpc).subnet_type).subnets
        zones = search_zones(config.nodes, len(subnets))
        domain = opensearch.Domain(
            self,
            "Domain",
            version=opensearch.EngineVersion.open_search(config.engine_version),
            capacity=opensearch.CapacityConfig(
                data_nodes=config.nodes,
                data_node_instance_type=config.instance_type,
                multi_az_with_standby_enabled=False,
            ),
            ebs=opensearch.EbsOptions(volume_size=config.volume_gib, volume_type=ec2.EbsDeviceVolumeType.GP3),
            zone_awareness=opensearch.ZoneAwarenessConfig(
                enabled=zones > 1, availability_zone_count=zones if zones > 1 else None
            ),
            vpc=vpc,
            vpc_subnets=[ec2.SubnetSelection(subnets=subnets[:zones])],
            security_groups=[group],
            enforce_https=True,
            tls_security_policy=opensearch.TLSSecurityPolicy.TLS_1_2_PFS,
            node_to_node_encryption=True,
            encryption_at_rest=opensearch.EncryptionAtRestOptions(enabled=True, kms_key=key),
            fine_grained_access_control=opensearch.AdvancedSecurityOptions(
                master_user_name=USER,
                master_user_password=secret.secret_value_from_json("password"),
            ),
            enable_auto_software_update=True,
            # A new engine version upgrades the domain; without it, CloudFormation makes another one, and it is empty.
            enable_version_upgrade=True,
            removal_policy=removal_policy(lifecycle),
        )
        self._let_its_own_users_decide(domain)
        self._domain = domain
        self.search = Search(
            network=ec2.Connections(security_groups=[group]),
            url=f"https://{domain.domain_endpoint}",
            port=PORT,
            secret=secret,
        )
        if alarm_topic is not None:
            alarm(
                self,
                "RedAlarm",
                metric=domain.metric_cluster_status_red(period=_MINUTE, statistic="Maximum"),
                threshold=1,
                description="The search domain has lost a shard: part of what it holds cannot be found",
                topic=alarm_topic,
            )

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """How long searches take, how many there are, and what room is left."""
        domain = self._domain
        return (
            Graph(title="Search: latency (ms)", metrics=(domain.metric_search_latency(period=_MINUTE),)),
            Graph(title="Search: requests", metrics=(domain.metric("SearchRate", period=_MINUTE, statistic="Sum"),)),
            Graph(title="Search: free storage (MiB)", metrics=(domain.metric_free_storage_space(period=_MINUTE),)),
        )

    def _let_its_own_users_decide(self, domain: opensearch.Domain) -> None:
        """Let the domain ask for its own users' passwords instead of AWS signatures.

        The CDK sets such a policy by a function, since it names the domain's ARN. The policy of a domain concerns that
        domain only, so a pattern says the same, without a function.
        """
        resource = domain.node.default_child
        if not isinstance(resource, opensearch.CfnDomain):
            message = f"{domain.node.path} is made of another resource than an OpenSearch domain"
            raise TypeError(message)
        any_domain = Stack.of(self).format_arn(service="es", resource="domain", resource_name="*")
        resource.access_policies = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "*"},
                    "Action": ["es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost", "es:ESHttpPut", "es:ESHttpDelete"],
                    "Resource": any_domain,
                }
            ],
        }
