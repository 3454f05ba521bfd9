"""The record of the connections in a VPC."""

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from config.model import FlowLogsConfig, Lifecycle
from constructs_lib.lifecycle import removal_policy
from constructs_lib.log_bucket import LogBucket
from constructs_lib.logs import log_group


class FlowLogs(Construct):
    """A flow log of the VPC, and the log group or the bucket it writes to.

    Made of the plain resource: the CDK's own grants let whoever writes also hand on its role.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc: ec2.IVpc,
        config: FlowLogsConfig,
        lifecycle: Lifecycle,
        log_retention: logs.RetentionDays,
    ) -> None:
        super().__init__(scope, id_)
        bucket = group = None
        if config.destination == "s3":
            bucket = LogBucket(
                self, "Logs", expire_days=config.expire_days, lifecycle=lifecycle, log_retention=log_retention
            )
            bucket.allow_log_delivery()
        else:
            group = log_group(self, "Logs", retention=log_retention, removal_policy=removal_policy(lifecycle))
        flow_log = ec2.CfnFlowLog(
            self,
            "FlowLog",
            resource_type="VPC",
            resource_id=vpc.vpc_id,
            traffic_type=config.traffic,
            max_aggregation_interval=config.aggregation_seconds,
            log_destination_type="s3" if group is None else "cloud-watch-logs",
            log_destination=None if bucket is None else bucket.bucket.bucket_arn,
            # By its name: the ARN that CloudFormation gives of a group ends with an asterisk, which EC2 takes without a
            # word and never delivers to. https://github.com/awsdocs/aws-cloudformation-user-guide/issues/306
            log_group_name=None if group is None else group.log_group_name,
            deliver_logs_permission_arn=None if group is None else self._role(group).role_arn,
        )
        if bucket is not None and bucket.bucket.policy is not None:
            # EC2 looks whether it may write as soon as the flow log is made.
            flow_log.node.add_dependency(bucket.bucket.policy)

    def _role(self, group: logs.ILogGroup) -> iam.Role:
        """Return the role that VPC flow logs write by.

        https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
        """
        stack = Stack.of(self)
        source = stack.format_arn(service="ec2", resource="vpc-flow-log", resource_name="*")
        return iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "vpc-flow-logs.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {"aws:SourceArn": source},
                },
            ),
            inline_policies={
                "Write": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(
                            actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                            resources=[group.log_group_arn],
                        )
                    ]
                )
            },
        )
