"""The function by which an operator sends again what failed."""

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from constructs_lib.access import Access, Queue
from constructs_lib.functions import RuntimeFunction
from constructs_lib.keys import allow_decryption
from constructs_lib.workload import WorkloadOptions

# It waits for 25 s for a database that resumes, stops reading 30 s before its end, and sending 20 s before.
# No longer than the AWS CLI waits for an answer.
TIMEOUT_SECONDS = 60
_MEMORY_MIB = 512


class ReplayFunction(RuntimeFunction):
    """A `RuntimeFunction` that empties the dead-letter queue; nothing calls it but a person who may."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc: ec2.IVpc,
        queue: Queue,
        other_producers: bool,
        access: Access,
        options: WorkloadOptions,
    ) -> None:
        super().__init__(
            scope,
            id_,
            handler_folder="replay",
            description="Sends again what failed",
            vpc=vpc,
            options=options,
            memory_mib=_MEMORY_MIB,
            timeout_seconds=TIMEOUT_SECONDS,
            # Two at a time would hide each other's messages, and each would miss some.
            reserved_concurrency=1,
            access=access,
            variables={"DLQ_URL": queue.dlq.queue_url, "OTHER_PRODUCERS": str(other_producers).lower()},
        )
        # Not the CDK's grant to consumers, which lets them read its settings too.
        queue.dlq.grant(self.function, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility")
        allow_decryption(self.function, queue.dlq.encryption_master_key, "sqs")
