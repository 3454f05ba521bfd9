"""A VPC in two or three tiers: public for load balancers, private for compute, isolated for data."""

from collections.abc import Sequence
from typing import Any

import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from constructs import Construct

from config.model import Nat, NetworkConfig, SubnetBlocks
from constructs_lib.provider_logs import end_provider_logs

PUBLIC = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)
PRIVATE = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
ISOLATED = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
HTTPS = ec2.Port.tcp(443)
ANY_TCP = ec2.Port.all_tcp()
_THREE_TIERS = 3
# The CDK's provider that closes the default security group.
_CLOSING_PROVIDER = "Custom::VpcRestrictDefaultSGCustomResourceProvider"


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
        self._add_endpoints(endpoints)
        end_provider_logs(self, "ClosingLogs", provider=_CLOSING_PROVIDER, retention=log_retention)
        if isinstance(nat_provider, ec2.NatInstanceProviderV2):
            nat_provider.connections.allow_from(
                ec2.Peer.ipv4(self.vpc.vpc_cidr_block), ec2.Port.all_traffic(), "Private subnets to the internet"
            )

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

    def _add_endpoints(self, names: Sequence[str]) -> None:
        if not names:
            return
        # One group for all of them: they let in whatever has an address in the VPC, and authorize by IAM.
        group = ec2.SecurityGroup(
            self, "EndpointSecurityGroup", vpc=self.vpc, description="Endpoints of AWS APIs", allow_all_outbound=False
        )
        group.add_ingress_rule(ec2.Peer.ipv4(self.vpc.vpc_cidr_block), HTTPS, "AWS APIs from within the VPC")
        for name in names:
            self.vpc.add_interface_endpoint(
                "".join(part.capitalize() for part in name.replace(".", "-").split("-")) + "Endpoint",
                service=ec2.InterfaceVpcEndpointAwsService(name),
                subnets=PRIVATE,
                security_groups=[group],
                open=False,
            )


def data_subnets(vpc: ec2.IVpc) -> ec2.SubnetSelection:
    """Return where data is kept: the isolated subnets, or the private ones of a network of two tiers."""
    return ISOLATED if vpc.isolated_subnets else PRIVATE


def egress_security_group(
    scope: Construct, *, vpc: ec2.IVpc, description: str, port: ec2.Port = HTTPS
) -> ec2.SecurityGroup:
    """Return a security group `SecurityGroup` whose members reach the world on one port only.

    AWS's own APIs answer on 443; what else a member may reach, it gets rule by rule.
    """
    group = ec2.SecurityGroup(scope, "SecurityGroup", vpc=vpc, description=description, allow_all_outbound=False)
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
                default_allowed_traffic=ec2.NatTrafficDirection.OUTBOUND_ONLY,
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
