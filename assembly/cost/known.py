"""Every type of resource that a price, or the reason why it has none, is known of."""

from collections.abc import Mapping

from assembly.cost import compute, data, network, operations
from assembly.cost.figures import Pricings
from assembly.errors import InputError

PRICED: Pricings = {**network.PRICED, **compute.PRICED, **data.PRICED, **operations.PRICED}

_RULES = "a setting of what it belongs to"
_ACCESS = "access is not charged"
_DEPLOYMENT = "runs during a deployment only, within the free requests of Lambda"

FREE: Mapping[str, str] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": "its tasks are priced with their service",
    "AWS::Backup::BackupSelection": "what it selects is priced with the plan",
    "AWS::Backup::BackupVault": "what it keeps is priced with the plan",
    "AWS::CDK::Metadata": "nothing is made of it",
    "AWS::CloudFormation::CustomResource": _DEPLOYMENT,
    "AWS::CloudFormation::WaitConditionHandle": _DEPLOYMENT,
    "AWS::EC2::FlowLog": "its data is part of the logs that the traffic states",
    "AWS::EC2::InternetGateway": "only the traffic through it is charged",
    "AWS::EC2::Route": _RULES,
    "AWS::EC2::RouteTable": _RULES,
    "AWS::EC2::SecurityGroup": _RULES,
    "AWS::EC2::SecurityGroupEgress": _RULES,
    "AWS::EC2::SecurityGroupIngress": _RULES,
    "AWS::EC2::Subnet": _RULES,
    "AWS::EC2::SubnetRouteTableAssociation": _RULES,
    "AWS::EC2::VPCGatewayAttachment": _RULES,
    "AWS::ECS::TaskDefinition": "its tasks are priced with their service",
    "AWS::ElastiCache::ParameterGroup": _RULES,
    "AWS::ElastiCache::SubnetGroup": _RULES,
    "AWS::ElasticLoadBalancingV2::Listener": "priced with the load balancer",
    "AWS::ElasticLoadBalancingV2::ListenerRule": "priced with the load balancer; ten evaluations a request are free",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "priced with the load balancer",
    "AWS::Events::Rule": "rules on a schedule are not charged",
    "AWS::IAM::InstanceProfile": _ACCESS,
    "AWS::IAM::ManagedPolicy": _ACCESS,
    "AWS::IAM::OIDCProvider": _ACCESS,
    "AWS::IAM::Policy": _ACCESS,
    "AWS::IAM::Role": _ACCESS,
    "AWS::KMS::Alias": "priced with its key",
    "AWS::Lambda::EventInvokeConfig": _RULES,
    "AWS::Lambda::EventSourceMapping": "its requests are priced with the queue",
    "AWS::Lambda::LayerVersion": "the storage of code is free up to 75 GB",
    "AWS::Lambda::Permission": _ACCESS,
    "AWS::RDS::DBClusterParameterGroup": _RULES,
    "AWS::RDS::DBParameterGroup": _RULES,
    "AWS::RDS::DBSubnetGroup": _RULES,
    "AWS::S3::BucketPolicy": _ACCESS,
    "AWS::SNS::Subscription": "the first thousand e-mails of a month are always free",
    "AWS::SNS::Topic": "the first million requests of a month are always free, and alarms send few",
    "AWS::SNS::TopicPolicy": _ACCESS,
    "AWS::SQS::QueuePolicy": _ACCESS,
    "AWS::SecretsManager::ResourcePolicy": _ACCESS,
    "AWS::SecretsManager::RotationSchedule": "its function runs within the free requests of Lambda",
    "AWS::SecretsManager::SecretTargetAttachment": _RULES,
    "AWS::WAFv2::LoggingConfiguration": "its data is part of the logs that the traffic states",
    "AWS::WAFv2::WebACLAssociation": "priced with the web ACL",
    "AWS::SSM::Parameter": "standard parameters are not charged",
}


def is_free(resource_type: str) -> bool:
    """Whether resources of a type cost nothing; a custom resource is a function that a deployment calls."""
    return resource_type in FREE or resource_type.startswith("Custom::")


def refuse_unknown(resource_types: set[str]) -> None:
    """Refuse types of which nothing is known.

    Raises:
        InputError: there are some; the message names them.
    """
    if unknown := sorted(each for each in resource_types if each not in PRICED and not is_free(each)):
        raise InputError(
            f"what {', '.join(unknown)} costs is not known; price it in assembly/cost/, or list it as free in "
            "assembly/cost/known.py"
        )
