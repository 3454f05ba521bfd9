"""A private, versioned, encrypted bucket."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from config.model import BucketConfig, Lifecycle
from constructs_lib.lifecycle import removal_policy

# The CDK's provider that empties buckets before they are deleted; one serves all buckets of a stack.
EMPTYING_PROVIDER = "Custom::S3AutoDeleteObjectsCustomResourceProvider"


class PrivateBucket(Construct):
    """The bucket; what is in it goes with it only where its lifecycle says so."""

    def __init__(self, scope: Construct, id_: str, *, config: BucketConfig, lifecycle: Lifecycle) -> None:
        super().__init__(scope, id_)
        policy = removal_policy(lifecycle)
        transitions = None
        if config.infrequent_access_days is not None:
            transitions = [
                s3.Transition(
                    storage_class=s3.StorageClass.INFREQUENT_ACCESS,
                    transition_after=Duration.days(config.infrequent_access_days),
                )
            ]
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
                    expiration=_days(config.expire_days),
                    # A deletion leaves a marker, also when all it hid is gone. An expiration clears them by itself.
                    expired_object_delete_marker=True if config.expire_days is None else None,
                    noncurrent_version_expiration=Duration.days(config.noncurrent_days),
                    # Parts of uploads that nobody finished are paid for, and seen nowhere.
                    abort_incomplete_multipart_upload_after=Duration.days(7),
                    transitions=transitions,
                )
            ],
            removal_policy=policy,
            auto_delete_objects=policy is RemovalPolicy.DESTROY,
        )


def _days(number: int | None) -> Duration | None:
    return None if number is None else Duration.days(number)
