"""A bucket that AWS itself writes logs to, and that holds nothing else."""

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from config.model import Lifecycle
from constructs_lib.buckets import EMPTYING_PROVIDER, let_it_be_emptied
from constructs_lib.lifecycle import removal_policy
from constructs_lib.provider_logs import end_provider_logs

# Of what is deleted or written over, which no delivery of logs ever does.
_NONCURRENT_DAYS = 7


class LogBucket(Construct):
    """The bucket: private, by TLS only, and each log in it deleted after some days.

    It is encrypted by S3's own key: load balancers write to buckets under no other one.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        expire_days: int,
        lifecycle: Lifecycle,
        log_retention: logs.RetentionDays,
    ) -> None:
        super().__init__(scope, id_)
        policy = removal_policy(lifecycle)
        empties = policy is RemovalPolicy.DESTROY
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(expire_days),
                    noncurrent_version_expiration=Duration.days(_NONCURRENT_DAYS),
                    abort_incomplete_multipart_upload_after=Duration.days(7),
                )
            ],
            removal_policy=policy,
            auto_delete_objects=empties,
        )
        if empties:
            let_it_be_emptied(self.bucket)
            end_provider_logs(self, "EmptyingLogs", provider=EMPTYING_PROVIDER, retention=log_retention)

    def allow_load_balancer(self) -> None:
        """Let the load balancers of this account and region write to it, each below its account's number.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
        """
        account = Stack.of(self).account
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="LoadBalancer",
                principals=[iam.ServicePrincipal("logdelivery.elasticloadbalancing.amazonaws.com")],
                actions=["s3:PutObject"],
                resources=[self.bucket.arn_for_objects(f"AWSLogs/{account}/*")],
            )
        )

    def allow_log_delivery(self) -> None:
        """Let CloudWatch's delivery of logs write to it, in the name of this account's resources only.

        https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html
        """
        stack = Stack.of(self)
        service = iam.ServicePrincipal("delivery.logs.amazonaws.com")
        here = {
            "StringEquals": {"aws:SourceAccount": stack.account},
            "ArnLike": {"aws:SourceArn": stack.format_arn(service="logs", resource="*")},
        }
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="LogDelivery",
                principals=[service],
                actions=["s3:PutObject"],
                resources=[self.bucket.arn_for_objects(f"AWSLogs/{stack.account}/*")],
                conditions={
                    **here,
                    "StringEquals": {**here["StringEquals"], "s3:x-amz-acl": "bucket-owner-full-control"},
                },
            )
        )
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="LogDeliveryLooks",
                principals=[service],
                actions=["s3:GetBucketAcl", "s3:ListBucket"],
                resources=[self.bucket.bucket_arn],
                conditions=here,
            )
        )
