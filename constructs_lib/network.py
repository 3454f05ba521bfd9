"""A VPC in three tiers: public for load balancers, private for compute, isolated for data."""

from aws_cdk import CfnResource, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from constructs import Construct

from config.model import Nat, NetworkConfig

PUBLIC = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)
PRIVATE = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
ISOLATED = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
_CLOSING_PROVIDER = "Custom::VpcRestrictDefaultSGCustomResourceProvider"
HTTPS = ec2.Port.tcp(443)


class ThreeTierNetwork(Construct):
    """The VPC and its subnets, computed from one block; its default security group is closed."""

    def __init__(self, scope: Construct, id_: str, *, config: NetworkConfig, log_retention: logs.RetentionDays) -> None:
        super().__init__(scope, id_)
        nat_provider = _nat_provider(config.nat)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(config.cidr),
            max_azs=config.zones,
            nat_gateways=_nat_count(config),
            nat_gateway_provider=nat_provider,
            restrict_default_security_group=True,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Public",
                    subnet_type=ec2.SubnetType.PUBLIC,
                    cidr_mask=config.subnet_prefix,
                    map_public_ip_on_launch=False,
                ),
                ec2.SubnetConfiguration(
                    name="Private",
                    subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS,
                    cidr_mask=config.subnet_prefix,
                ),
                ec2.SubnetConfiguration(
                    name="Isolated",
                    subnet_type=ec2.SubnetType.PRIVATE_ISOLATED,
                    cidr_mask=config.subnet_prefix,
                ),
            ],
            # Image layers and assets come from S3: free through this endpoint, paid by the GB through NAT.
            # The isolated subnets stay without any route out.
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(
                    service=ec2.GatewayVpcEndpointAwsService.S3, subnets=[PUBLIC, PRIVATE]
                )
            },
        )
        self._end_logs_of_the_closing_function(log_retention)
        if isinstance(nat_provider, ec2.NatInstanceProviderV2):
            nat_provider.connections.allow_from(
                ec2.Peer.ipv4(self.vpc.vpc_cidr_block), ec2.Port.all_traffic(), "Private subnets to the internet"
            )

    def _end_logs_of_the_closing_function(self, retention: logs.RetentionDays) -> None:
        """Give the CDK's function that closes the default group a log group: Lambda's own would keep logs for ever."""
        handler = Stack.of(self).node.find_child(_CLOSING_PROVIDER).node.find_child("Handler")
        if not isinstance(handler, CfnResource):
            message = f"{handler.node.path} is no plain resource any more: give its function a log group in another way"
            raise TypeError(message)
        group = logs.LogGroup(self, "ClosingLogs", retention=retention, removal_policy=RemovalPolicy.DESTROY)
        handler.add_property_override("LoggingConfig.LogGroup", group.log_group_name)


def _nat_provider(nat: Nat) -> ec2.NatProvider:
    if nat is Nat.INSTANCE:
        # Follows the newest image: a deployment of Network may replace the instance, and the way out is gone meanwhile.
        return ec2.NatProvider.instance_v2(
            instance_type=ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.NANO),
            machine_image=ec2.MachineImage.latest_amazon_linux2023(cpu_type=ec2.AmazonLinuxCpuType.ARM_64),
            associate_public_ip_address=True,
            default_allowed_traffic=ec2.NatTrafficDirection.OUTBOUND_ONLY,
        )
    return ec2.NatProvider.gateway()


def _nat_count(config: NetworkConfig) -> int:
    return config.zones if config.nat is Nat.GATEWAY_PER_ZONE else 1


def egress_security_group(
    scope: Construct, *, vpc: ec2.IVpc, description: str, port: ec2.Port = HTTPS
) -> ec2.SecurityGroup:
    """Return a security group `SecurityGroup` whose members reach the world on one port only.

    AWS's own APIs answer on 443; what else a member may reach, it gets rule by rule.
    """
    group = ec2.SecurityGroup(scope, "SecurityGroup", vpc=vpc, description=description, allow_all_outbound=False)
    group.add_egress_rule(ec2.Peer.any_ipv4(), port, "AWS APIs and recipients")
    return group
