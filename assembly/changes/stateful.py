"""Which resources hold what a deployment cannot make again, and how to change them without losing it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Resource = Mapping[str, Any]


class Weight(StrEnum):
    """How much is lost with a resource."""

    DATA = "data"
    """Somebody's data, or what opens it: a deployment stops."""
    TRACES = "traces"
    """Something that ages out, or that a person can set up again: a deployment tells, and goes on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    """What a resource holds."""

    what: str
    weight: Weight = Weight.DATA
    move: str
    """How to take it along into a new resource, for a person who means the replacement."""

    @property
    def is_data(self) -> bool:
        """Whether a deployment stops for it."""
        return self.weight is Weight.DATA


_CLUSTER = Holding(
    what="databases",
    move="stop what writes; aws rds create-db-cluster-snapshot --db-cluster-identifier OLD "
    "--db-cluster-snapshot-identifier BEFORE; deploy the new cluster from it (SnapshotIdentifier: BEFORE, which "
    "stays in the template); delete the old one when the new one serves",
)
_INSTANCE = Holding(
    what="a database",
    move="stop what writes; aws rds create-db-snapshot --db-instance-identifier OLD --db-snapshot-identifier BEFORE; "
    "deploy the new instance from it (DBSnapshotIdentifier: BEFORE, which stays in the template); delete the old"
    " one when the new one serves",
)
_CACHE = Holding(
    what="cached values, sessions and locks",
    move="aws elasticache create-snapshot --replication-group-id OLD --snapshot-name BEFORE, and SnapshotName: BEFORE"
    " in the new one; or confirm it, where everything in it can be made again and sessions may end",
)
_SEARCH = Holding(
    what="search indices",
    move="deploy a second domain beside it, index into it from the databases, point the services at it, then remove "
    "the old one in a deployment of its own",
)
_TABLE = Holding(
    what="tables",
    move="aws dynamodb create-backup --table-name OLD --backup-name BEFORE; aws dynamodb restore-table-from-backup "
    "--target-table-name NEW --backup-arn ARN; cdk import STACK takes NEW into the stack",
)
_BESIDE = (
    "deploy a second one beside it, move over what writes and what reads, then remove the old one in a deployment "
)

HOLDINGS: Mapping[str, Holding] = {
    "AWS::APS::Workspace": Holding(
        what="metrics",
        move="metrics cannot be moved: deploy a second workspace beside it, let collectors write to both, and remove "
        "the old one when its metrics have aged out",
    ),
    "AWS::AmazonMQ::Broker": Holding(
        what="messages that wait",
        move="deploy a second broker beside it, move the producers over, let the consumers empty the old queues, then "
        "remove the old one in a deployment of its own",
    ),
    "AWS::Backup::BackupVault": Holding(
        what="backups",
        move="deploy a second vault beside it; aws backup start-copy-job for each recovery point that is to be kept; "
        "remove the old one when the rest has expired",
    ),
    "AWS::Cognito::UserPool": Holding(
        what="users with their passwords",
        move="passwords cannot be read: deploy a second pool beside it with a user migration trigger, and remove the "
        "old one when everybody has signed in",
    ),
    "AWS::DocDB::DBCluster": _CLUSTER,
    "AWS::DynamoDB::GlobalTable": _TABLE,
    "AWS::DynamoDB::Table": _TABLE,
    "AWS::EC2::Volume": Holding(
        what="files",
        move="aws ec2 create-snapshot --volume-id OLD; deploy the new volume from it (SnapshotId)",
    ),
    "AWS::ECR::Repository": Holding(
        what="images",
        move="deploy a second repository beside it, push every tag in use to it, point the tasks at it, then remove "
        "the old one in a deployment of its own",
    ),
    "AWS::EFS::FileSystem": Holding(
        what="files",
        move="deploy a second file system beside it and copy with AWS DataSync; or restore a recovery point of AWS "
        "Backup into it",
    ),
    "AWS::ElastiCache::CacheCluster": _CACHE,
    "AWS::ElastiCache::ReplicationGroup": _CACHE,
    "AWS::ElastiCache::ServerlessCache": _CACHE,
    "AWS::FSx::FileSystem": Holding(
        what="files", move="aws fsx create-backup --file-system-id OLD; deploy the new file system from it (BackupId)"
    ),
    "AWS::KMS::Key": Holding(
        what="the only key to all that is encrypted with it",
        move="deploy a second key beside it, encrypt everything anew with it, and keep the old one as long as a backup "
        "needs it: aws kms cancel-key-deletion works for the days of its pending window only",
    ),
    "AWS::Kinesis::Stream": Holding(what="records of its retention period", move=_BESIDE + "of its own"),
    "AWS::MSK::Cluster": Holding(what="records of its retention period", move=_BESIDE + "of its own"),
    "AWS::MemoryDB::Cluster": Holding(
        what="a database",
        move="aws memorydb create-snapshot --cluster-name OLD --snapshot-name BEFORE; SnapshotName: BEFORE in the new"
        " one",
    ),
    "AWS::Neptune::DBCluster": _CLUSTER,
    "AWS::OpenSearchServerless::Collection": _SEARCH,
    "AWS::OpenSearchService::Domain": _SEARCH,
    "AWS::RDS::DBCluster": _CLUSTER,
    "AWS::RDS::DBInstance": _INSTANCE,
    "AWS::RDS::GlobalCluster": _CLUSTER,
    "AWS::Redshift::Cluster": Holding(
        what="databases",
        move="aws redshift create-cluster-snapshot --cluster-identifier OLD --snapshot-identifier BEFORE; deploy the "
        "new cluster from it (SnapshotIdentifier)",
    ),
    "AWS::S3::Bucket": Holding(
        what="objects",
        move="deploy a second bucket beside it; aws s3 sync s3://OLD s3://NEW (former versions are left behind); "
        "point the services at it, sync again, then remove the old one in a deployment of its own",
    ),
    "AWS::SQS::Queue": Holding(
        what="messages that wait",
        move="deploy a second queue beside it, move the senders over, let the consumers empty the old one "
        "(ApproximateNumberOfMessages and …NotVisible at 0), then remove it in a deployment of its own",
    ),
    "AWS::SecretsManager::Secret": Holding(
        what="a secret, which elsewhere may be in use or be kept nowhere",
        move="deploy a second secret beside it; aws secretsmanager get-secret-value of the old and put-secret-value "
        "of the new; point the services at it, then remove the old one in a deployment of its own",
    ),
    # Logs expire by themselves and nothing reads them to work; a function that is renamed would stop every deployment.
    "AWS::Logs::LogGroup": Holding(
        what="logs",
        weight=Weight.TRACES,
        move="aws logs create-export-task keeps them in a bucket",
    ),
    "AWS::SNS::Topic": Holding(
        what="subscriptions that people made by hand",
        weight=Weight.TRACES,
        move="subscribe to the new topic: aws sns list-subscriptions-by-topic shows who was",
    ),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Holding(
        what="the address that your domain points at",
        weight=Weight.TRACES,
        move="point the domain at the new one before the old one is gone",
    ),
    "AWS::EC2::EIP": Holding(
        what="an address that others may have allowed",
        weight=Weight.TRACES,
        move="tell those who have allowed it",
    ),
}

# RDS takes a last snapshot of these where the template names no policy.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
_SNAPSHOT_BY_DEFAULT = frozenset({"AWS::RDS::DBCluster", "AWS::RDS::DBInstance"})
_MEMBER = "DBClusterIdentifier"


def holding_of(resource: Resource) -> Holding | None:
    """What a resource of a template holds; None if it can be made anew."""
    if _is_cluster_member(resource):
        return None
    return HOLDINGS.get(str(resource.get("Type")))


def deletion_policy(resource: Resource) -> str:
    """What CloudFormation does when a resource is removed from its template."""
    given = resource.get("DeletionPolicy")
    if given is not None:
        return str(given)
    by_snapshot = resource.get("Type") in _SNAPSHOT_BY_DEFAULT and not _is_cluster_member(resource)
    return "Snapshot" if by_snapshot else "Delete"


def replacement_policy(resource: Resource) -> str:
    """What CloudFormation does with the old resource when it replaces it."""
    return str(resource.get("UpdateReplacePolicy", "Delete"))


def _is_cluster_member(resource: Resource) -> bool:
    """Whether it is an instance of a cluster, which keeps the data itself."""
    return resource.get("Type") == "AWS::RDS::DBInstance" and _MEMBER in (resource.get("Properties") or {})
