"""The function by which an operator makes, lists and revokes API keys."""

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from constructs_lib.access import Access
from constructs_lib.functions import RuntimeFunction
from constructs_lib.workload import WorkloadOptions

# It waits for 25 s for a database that resumes; no longer than the AWS CLI waits for an answer.
TIMEOUT_SECONDS = 60
_MEMORY_MIB = 512


class KeysFunction(RuntimeFunction):
    """A `RuntimeFunction` on the database of a service; nothing calls it but a person who may.

    It is the way to the keys because nobody reaches an isolated database from outside, and because what it answers,
    a secret among it, goes to the caller alone.
    """

    def __init__(self, scope: Construct, id_: str, *, vpc: ec2.IVpc, access: Access, options: WorkloadOptions) -> None:
        super().__init__(
            scope,
            id_,
            handler_folder="keys",
            description="Makes, lists and revokes API keys",
            vpc=vpc,
            options=options,
            memory_mib=_MEMORY_MIB,
            timeout_seconds=TIMEOUT_SECONDS,
            # Two at a time could exceed the number of keys there may be.
            reserved_concurrency=1,
            access=access,
        )
