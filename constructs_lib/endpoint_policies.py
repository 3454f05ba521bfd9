"""What the endpoints of a VPC let through: requests of this account, and to what is its own."""

from collections.abc import Iterator, Sequence

from aws_cdk import Aws, Fn
from aws_cdk import aws_iam as iam

# Services whose endpoints take a policy.
# https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
_TAKES_POLICY = frozenset({"ecr.api", "ecr.dkr", "ecs", "logs", "monitoring", "secretsmanager", "sns", "sqs"})
# Of these, those all of whose requests are for a resource of an account: a stolen key of another account does not carry
# data out through them. ECR has a request without, and SNS sends to telephones.
_OWN_RESOURCES = frozenset({"logs", "secretsmanager", "sqs"})


def let_through(service: str, account: str) -> Sequence[iam.PolicyStatement]:
    """Return the policy of the interface endpoint of a service, such as `sqs`; none where it takes none."""
    if service not in _TAKES_POLICY:
        return ()
    return (_of_this_account(account, also_resources=service in _OWN_RESOURCES),)


def let_through_to_s3(account: str, region: str) -> Sequence[iam.PolicyStatement]:
    """Return the policy of the gateway endpoint of S3: the account's own buckets, and what AWS itself keeps there."""
    return (_of_this_account(account, also_resources=True), *_to_buckets_of_aws(region))


def _to_buckets_of_aws(region: str) -> Iterator[iam.PolicyStatement]:
    """Return what passes to buckets of AWS's own, without which nothing starts or deploys.

    Image layers: https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
    Packages of Amazon Linux, for a NAT instance: https://docs.aws.amazon.com/linux/al2023/ug/managing-repos-os-updates.html
    Answers of functions that CloudFormation has called:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/vpc-interface-endpoints.html
    """
    # The last of them leaves the hyphens out of the region's name.
    bare = Fn.join("", Fn.split("-", region))
    for action, bucket in (
        ("s3:GetObject", f"prod-{region}-starport-layer-bucket"),
        ("s3:GetObject", f"al2023-repos-{region}-de612dc2"),
        ("s3:PutObject", f"cloudformation-custom-resource-response-{bare}"),
    ):
        yield iam.PolicyStatement(
            principals=[iam.AnyPrincipal()],
            actions=[action],
            resources=[f"arn:{Aws.PARTITION}:s3:::{bucket}/*"],
        )


def _of_this_account(account: str, *, also_resources: bool) -> iam.PolicyStatement:
    """Return what an endpoint lets through: callers of this account only, and if so, to its own resources only."""
    mine = {"aws:PrincipalAccount": account, **({"aws:ResourceAccount": account} if also_resources else {})}
    return iam.PolicyStatement(
        principals=[iam.AnyPrincipal()], actions=["*"], resources=["*"], conditions={"StringEquals": mine}
    )
