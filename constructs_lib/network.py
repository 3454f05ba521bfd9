"""A VPC in two or three tiers: public for load balancers, private for compute, isolated for data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jsii
from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from constructs import Construct

from config.model import FlowLogsConfig, Lifecycle, Nat, NetworkConfig, SubnetBlocks
from constructs_lib.endpoint_policies import let_through, let_through_to_s3
from constructs_lib.flow_logs import FlowLogs
from constructs_lib.provider_logs import end_provider_logs

PUBLIC = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)
PRIVATE = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
ISOLATED = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
HTTPS = ec2.Port.tcp(443)
# Above those that only a system's own services take: no mail, shell or name server is reached by these.
UNPRIVILEGED = ec2.Port.tcp_range(1024, 65_535)
_THREE_TIERS = 3
# Of Amazon Linux 2023, whose images take no less.
_ROOT_DEVICE = "/dev/xvda"
_ROOT_GIB = 8
# The CDK's provider that closes the default security group.
_CLOSING_PROVIDER = "Custom::VpcRestrictDefaultSGCustomResourceProvider"


@dataclass(frozen=True, kw_only=True, slots=True)
class Inside:
    """What code in a VPC reaches without leaving it."""

    endpoints: ec2.ISecurityGroup | None = None
    """The security group of the interface endpoints of AWS's APIs; None where there are none."""
    s3_prefix_list_id: str | None = None
    """The addresses of S3, which the gateway endpoint leads to; None where config does not name them."""


@jsii.implements(ec2.IIpAddresses)
class _ExactBlocks:
    """Gives each subnet the block that config names for it; the CDK's own way computes them one after the other."""

    def __init__(self, cidr: str, blocks: SubnetBlocks) -> None:
        self._cidr = cidr
        # In the order in which the VPC asks for its subnets: tier by tier, zone by zone.
        self._blocks = (*blocks.public, *blocks.private, *blocks.isolated)

    def allocate_vpc_cidr(self) -> ec2.VpcIpamOptions:
        return ec2.VpcIpamOptions(cidr_block=self._cidr)

    def allocate_subnets_cidr(
        self, *, requested_subnets: Sequence[ec2.RequestedSubnet | dict[str, Any]], vpc_cidr: str
    ) -> ec2.SubnetIpamOptions:
        del vpc_cidr
        allocated = [ec2.AllocatedSubnet(cidr=block) for _, block in zip(requested_subnets, self._blocks, strict=True)]
        return ec2.SubnetIpamOptions(allocated_subnets=allocated)


class Network(Construct):
    """The VPC, its subnets and its ways out; its default security group is closed.

    `endpoints` are short names of AWS services, such as `sqs`, that get an interface endpoint in the private subnets:
    what code reaches them by where there is no NAT.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: NetworkConfig,
        log_retention: logs.RetentionDays,
        lifecycle: Lifecycle = Lifecycle.DESTROY,
        endpoints: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, id_)
        nat_provider = _nat_provider(config.nat)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=_ip_addresses(config),
            max_azs=config.zones,
            nat_gateways=_nat_count(config),
            nat_gateway_provider=nat_provider,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            restrict_default_security_group=True,
            subnet_configuration=_tiers(config),
            # Image layers and assets come from S3: free through this endpoint, paid by the GB through NAT.
            # The isolated subnets stay without any route out.
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(
                    service=ec2.GatewayVpcEndpointAwsService.S3, subnets=[PUBLIC, PRIVATE]
                )
            },
        )
        self._await_internet()
        self.inside = Inside(
            endpoints=self._add_endpoints(endpoints),
            s3_prefix_list_id=config.s3_prefix_list_id if endpoints else None,
        )
        if isinstance(config.flow_logs, FlowLogsConfig):
            FlowLogs(
                self,
                "FlowLogs",
                vpc=self.vpc,
                config=config.flow_logs,
                lifecycle=lifecycle,
                log_retention=log_retention,
            )
        end_provider_logs(self, "ClosingLogs", provider=_CLOSING_PROVIDER, retention=log_retention)
        if isinstance(nat_provider, ec2.NatInstanceProviderV2):
            self._harden(nat_provider)

    def _harden(self, nat: ec2.NatInstanceProviderV2) -> None:
        """Let the NAT instance pass on what code may ask for, and keep what it holds to itself."""
        for port in (HTTPS, UNPRIVILEGED):
            nat.connections.allow_from(ec2.Peer.ipv4(self.vpc.vpc_cidr_block), port, "Private subnets to the internet")
            nat.connections.allow_to(ec2.Peer.any_ipv4(), port, "The internet")
        for instance in self.vpc.node.find_all():
            if isinstance(instance, ec2.CfnInstance):
                # Credentials only for a caller that asks for a token first, and for no packet that was passed on.
                instance.metadata_options = ec2.CfnInstance.MetadataOptionsProperty(
                    http_tokens="required", http_put_response_hop_limit=1
                )
                instance.block_device_mappings = [
                    ec2.CfnInstance.BlockDeviceMappingProperty(
                        device_name=_ROOT_DEVICE,
                        ebs=ec2.CfnInstance.EbsProperty(
                            encrypted=True, volume_type="gp3", volume_size=_ROOT_GIB, delete_on_termination=True
                        ),
                    )
                ]

    def _await_internet(self) -> None:
        """Make gateways only when the VPC has its way out.

        One that stands in a subnet waits for that subnet's route by itself; a regional one stands in none, and waits
        for the internet gateway, but not until it is attached.
        """
        made = self.vpc.node.find_all()
        attachments = [each for each in made if isinstance(each, ec2.CfnVPCGatewayAttachment)]
        for gateway in made:
            if isinstance(gateway, ec2.CfnNatGateway) and gateway.subnet_id is None:
                gateway.node.add_dependency(*attachments)

    def _keep_data_in_own_buckets(self) -> None:
        """Let S3 be reached by this account for its own buckets: code that cannot leave the VPC leaves by none either.

        Only beside interface endpoints: where there is NAT alone, S3 of any other region is open by that way.
        """
        gateway = self.vpc.node.find_child("S3")
        if not isinstance(gateway, ec2.GatewayVpcEndpoint):
            message = f"{gateway.node.path} is no gateway endpoint"
            raise TypeError(message)
        stack = Stack.of(self)
        for statement in let_through_to_s3(stack.account, stack.region):
            gateway.add_to_policy(statement)

    def _add_endpoints(self, names: Sequence[str]) -> ec2.ISecurityGroup | None:
        if not names:
            return None
        # One group for all of them. Who reaches them, each makes a rule for: `egress_security_group`.
        self._keep_data_in_own_buckets()
        group = ec2.SecurityGroup(
            self, "EndpointSecurityGroup", vpc=self.vpc, description="Endpoints of AWS APIs", allow_all_outbound=False
        )
        for name in names:
            endpoint = self.vpc.add_interface_endpoint(
                "".join(part.capitalize() for part in name.replace(".", "-").split("-")) + "Endpoint",
                service=ec2.InterfaceVpcEndpointAwsService(name),
                subnets=PRIVATE,
                security_groups=[group],
                open=False,
            )
            for statement in let_through(name, Stack.of(self).account):
                endpoint.add_to_policy(statement)
        return group


def data_subnets(vpc: ec2.IVpc) -> ec2.SubnetSelection:
    """Return where data is kept: the isolated subnets, or the private ones of a network of two tiers."""
    return ISOLATED if vpc.isolated_subnets else PRIVATE


def let_nothing_out(members: ec2.IConnectable) -> None:
    """Close the ways out of what the CDK makes a group for, which lets everything out: a server answers only.

    Raises:
        TypeError: a group is not made here.
    """
    for group in members.connections.security_groups:
        made = group.node.default_child
        if not isinstance(made, ec2.CfnSecurityGroup):
            message = f"{group.node.path} is not made here: let nothing out where it is made"
            raise TypeError(message)
        # As the CDK writes it for groups that it is told to close.
        made.security_group_egress = [
            ec2.CfnSecurityGroup.EgressProperty(
                cidr_ip="255.255.255.255/32",
                description="Disallow all traffic",
                ip_protocol="icmp",
                from_port=252,
                to_port=86,
            )
        ]


def egress_security_group(
    scope: Construct,
    *,
    vpc: ec2.IVpc,
    description: str,
    inside: Inside,
    ports: Sequence[ec2.Port] = (HTTPS,),
    leaves: bool = True,
) -> ec2.SecurityGroup:
    """Return a security group `SecurityGroup` whose members reach AWS's APIs, and the world on some ports.

    AWS's own APIs answer on 443; what else a member may reach, it gets rule by rule. Members that do not need to leave
    the VPC cannot, where both interface endpoints and the addresses of S3 are known: images and files come from there.

    Args:
        scope: what the group is for.
        vpc: where it is.
        description: what its members are.
        inside: what is reached without leaving the VPC.
        ports: on which members reach the world by IPv4.
        leaves: whether members deliver to anyone outside of AWS.
    """
    group = ec2.SecurityGroup(scope, "SecurityGroup", vpc=vpc, description=description, allow_all_outbound=False)
    if inside.endpoints is not None:
        # From the side of the consumer: Network must not name what stands above it.
        inside.endpoints.add_ingress_rule(group, HTTPS, description, remote_rule=True)
    if not leaves and inside.endpoints is not None and inside.s3_prefix_list_id is not None:
        group.add_egress_rule(inside.endpoints, HTTPS, "AWS APIs")
        group.add_egress_rule(ec2.Peer.prefix_list(inside.s3_prefix_list_id), HTTPS, "S3")
        return group
    for port in ports:
        group.add_egress_rule(ec2.Peer.any_ipv4(), port, "AWS APIs and recipients")
    return group


def _ip_addresses(config: NetworkConfig) -> ec2.IIpAddresses:
    return ec2.IpAddresses.cidr(config.cidr) if config.blocks is None else _ExactBlocks(config.cidr, config.blocks)


def _tiers(config: NetworkConfig) -> list[ec2.SubnetConfiguration]:
    # Exact blocks have their own sizes.
    mask = config.subnet_prefix if config.blocks is None else None
    tiers = [
        ec2.SubnetConfiguration(
            name="Public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=mask, map_public_ip_on_launch=False
        ),
        ec2.SubnetConfiguration(name="Private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=mask),
    ]
    if config.tiers == _THREE_TIERS:
        tiers.append(
            ec2.SubnetConfiguration(name="Isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=mask)
        )
    return tiers


def _nat_provider(nat: Nat) -> ec2.NatProvider | None:
    match nat:
        case Nat.NONE:
            return None
        case Nat.INSTANCE:
            # Follows the newest image: a deployment of Network may replace the instance, and the way out is gone
            # meanwhile.
            return ec2.NatProvider.instance_v2(
                instance_type=ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.NANO),
                machine_image=ec2.MachineImage.latest_amazon_linux2023(cpu_type=ec2.AmazonLinuxCpuType.ARM_64),
                associate_public_ip_address=True,
                default_allowed_traffic=ec2.NatTrafficDirection.NONE,
            )
        case Nat.REGIONAL:
            return ec2.NatProvider.regional_gateway()
        case Nat.GATEWAY | Nat.GATEWAY_PER_ZONE:
            return ec2.NatProvider.gateway()


def _nat_count(config: NetworkConfig) -> int:
    match config.nat:
        case Nat.NONE:
            return 0
        case Nat.GATEWAY_PER_ZONE:
            return config.zones
        case _:
            return 1
