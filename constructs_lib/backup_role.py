"""The role of AWS Backup: what it takes to back up named databases, instead of AWS's policy for all services."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from constructs_lib.keys import allow_copying

# What AWS Backup calls its own: others' snapshots are out of its reach.
_OWN = "awsbackup:*"
# Looking is asked of everything, as AWS's own policy lets it: a request that names no database, or a snapshot that has
# another one's name still, would be refused under an ARN.
_LOOKING = (
    "rds:DescribeDBClusterAutomatedBackups",
    "rds:DescribeDBClusterSnapshots",
    "rds:DescribeDBClusters",
    "rds:DescribeDBInstanceAutomatedBackups",
    "rds:DescribeDBInstances",
    "rds:DescribeDBSnapshots",
    "rds:ListTagsForResource",
    "tag:GetResources",
)
_COLON = ArnFormat.COLON_RESOURCE_NAME


def backup_role(
    scope: Construct,
    id_: str,
    *,
    database_arns: Sequence[str],
    keys: Sequence[kms.IKey],
    vault_arns: Sequence[str],
    copy_region: str | None,
) -> iam.Role:
    """Return a role that snapshots these databases, sets their point in time, and copies into these vaults.

    The actions are those of AWS's own policy that RDS and Aurora need; what changes something is for what it is about.
    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSBackupServiceRolePolicyForBackup.html

    Args:
        scope: where it stands.
        id_: its name there.
        database_arns: of instances and clusters.
        keys: by which the databases are encrypted, where they are customer keys.
        vault_arns: the plan's vault, and the one that gets copies.
        copy_region: where copies go; None makes none.
    """
    stack = Stack.of(scope)
    role = iam.Role(
        scope,
        id_,
        assumed_by=iam.ServicePrincipal(
            "backup.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": stack.account}}
        ),
    )
    regions = [stack.region, *([copy_region] if copy_region else [])]

    def arns(resource: str, name: str, where: Sequence[str]) -> list[str]:
        return [
            stack.format_arn(service="rds", region=region, resource=resource, resource_name=name, arn_format=_COLON)
            for region in where
        ]

    snapshots = [*arns("snapshot", _OWN, regions), *arns("cluster-snapshot", _OWN, regions)]
    kept = [*arns("auto-backup", "*", regions[:1]), *arns("cluster-auto-backup", "*", regions[:1])]
    databases = list(database_arns)
    for actions, resources in (
        (
            (
                "rds:CreateDBClusterSnapshot",
                "rds:CreateDBSnapshot",
                "rds:ModifyDBCluster",
                "rds:ModifyDBInstance",
            ),
            databases,
        ),
        (
            (
                "rds:AddTagsToResource",
                "rds:CopyDBClusterSnapshot",
                "rds:CopyDBSnapshot",
                "rds:CreateDBClusterSnapshot",
                "rds:CreateDBSnapshot",
                "rds:DeleteDBClusterSnapshot",
                "rds:DeleteDBSnapshot",
            ),
            snapshots,
        ),
        (("rds:DeleteDBClusterAutomatedBackup", "rds:DeleteDBInstanceAutomatedBackup"), kept),
        (("backup:CopyIntoBackupVault", "backup:DescribeBackupVault"), list(vault_arns)),
        (_LOOKING, ["*"]),
    ):
        role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=resources))
    for key in keys:
        allow_copying(role, key, "rds")
    return role
