"""The Storage stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Unpack

from aws_cdk import aws_s3 as s3
from constructs import Construct

from config.model import StorageConfig
from constructs_lib.buckets import EMPTYING_PROVIDER, PrivateBucket
from constructs_lib.lifecycle import is_protected
from constructs_lib.names import pascal_case
from constructs_lib.provider_logs import end_provider_logs
from constructs_lib.workload import WorkloadOptions
from stacks.base import GroundworkStack, StackOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageProps:
    """What the Storage stack is made from."""

    config: StorageConfig
    """The buckets."""
    workload: WorkloadOptions
    """Lifecycle, and how long logs are kept."""


class StorageStack(GroundworkStack):
    """The buckets.

    A stack of its own because what is in them, backups among it, outlives all code and the databases too. It needs
    nothing of the VPC, so it deploys beside Network.
    """

    def __init__(self, scope: Construct, id_: str, *, props: StorageProps, **options: Unpack[StackOptions]) -> None:
        super().__init__(scope, id_, **options)
        lifecycle = props.workload.lifecycle
        self.buckets: Mapping[str, s3.IBucket] = {
            key: PrivateBucket(self, pascal_case(key), config=config, lifecycle=lifecycle).bucket
            for key, config in props.config.buckets.items()
        }
        if not is_protected(lifecycle):
            retention = props.workload.log_retention
            end_provider_logs(self, "EmptyingLogs", provider=EMPTYING_PROVIDER, retention=retention)
        for key, bucket in self.buckets.items():
            self.output(f"{pascal_case(key)}BucketName", bucket.bucket_name, f"The bucket {key}")
