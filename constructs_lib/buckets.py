"""A private, versioned, encrypted bucket."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from config.model import BucketConfig, Lifecycle
from constructs_lib.keys import customer_key
from constructs_lib.lifecycle import removal_policy

# What that provider calls: it reads the policy, refuses further writes in it, and deletes all versions of all objects.
_EMPTYING = (
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:GetBucketPolicy",
    "s3:GetBucketTagging",
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:PutBucketPolicy",
)
# The CDK's provider that empties buckets before they are deleted; one serves all buckets of a stack.
EMPTYING_PROVIDER = "Custom::S3AutoDeleteObjectsCustomResourceProvider"


class PrivateBucket(Construct):
    """The bucket; what is in it goes with it only where its lifecycle says so."""

    def __init__(self, scope: Construct, id_: str, *, config: BucketConfig, lifecycle: Lifecycle) -> None:
        super().__init__(scope, id_)
        policy = removal_policy(lifecycle)
        key = customer_key(self, "s3")
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
            encryption=s3.BucketEncryption.S3_MANAGED if key is None else s3.BucketEncryption.KMS,
            encryption_key=key,
            # One data key for many objects, instead of a request to KMS for each of them.
            bucket_key_enabled=None if key is None else True,
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
        if policy is RemovalPolicy.DESTROY:
            let_it_be_emptied(self.bucket)


def let_it_be_emptied(bucket: s3.Bucket) -> None:
    """Write out what the CDK's provider may do with a bucket: it names some of its actions by wildcards.

    Called right after the bucket is made.

    Raises:
        TypeError: the CDK makes the policy in another way than it did.
    """
    made = bucket.policy.node.default_child if bucket.policy is not None else None
    if not isinstance(made, s3.CfnBucketPolicy):
        message = f"{bucket.node.path} has no policy of its own any more: let its provider empty it otherwise"
        raise TypeError(message)
    # After the statement that refuses plain HTTP.
    made.add_property_override("PolicyDocument.Statement.1.Action", list(_EMPTYING))


def _days(number: int | None) -> Duration | None:
    return None if number is None else Duration.days(number)
