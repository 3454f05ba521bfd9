"""What keeps data, with quantities computed by hand."""

from pathlib import Path
from typing import Any

import pytest

from assembly.cost.statement import Traffic
from assembly.errors import InputError
from tests.assembly.cost.given import HOURS, QUIET, bill, charges

CLUSTER = {
    "Type": "AWS::RDS::DBCluster",
    "BackupRetentionPeriod": 1,
    "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 4},
}
MEMBER = {
    "Type": "AWS::RDS::DBInstance",
    "DBInstanceClass": "db.serverless",
    "DBClusterIdentifier": {"Ref": "Cluster"},
}
INSTANCE = {
    "Type": "AWS::RDS::DBInstance",
    "Engine": "postgres",
    "DBInstanceClass": "db.t4g.micro",
    "StorageType": "gp3",
    "AllocatedStorage": "20",
    "BackupRetentionPeriod": 7,
}


def capacity(least: float, most: float) -> dict[str, Any]:
    return {**CLUSTER, "ServerlessV2ScalingConfiguration": {"MinCapacity": least, "MaxCapacity": most}}


@pytest.mark.parametrize(
    ("cluster", "traffic", "acu_hours"),
    [
        (capacity(0.5, 4), Traffic(), 0.5 * HOURS),
        (capacity(0.5, 4), Traffic(database_acu=2), 2 * HOURS),
        # Never below the floor, nor above the ceiling.
        (capacity(1, 4), Traffic(database_acu=0.5), 1 * HOURS),
        (capacity(0.5, 4), Traffic(database_acu=9), 4 * HOURS),
        # One that may pause is paid while it is awake; another one is always.
        (capacity(0, 2), Traffic(database_awake_hours_per_month=176), 0.5 * 176),
        (capacity(0.5, 2), Traffic(database_awake_hours_per_month=176), 0.5 * HOURS),
    ],
)
def test_capacity_is_paid_by_instance(
    cluster: dict[str, Any], traffic: Traffic, acu_hours: float, tmp_path: Path
) -> None:
    found = charges(tmp_path, traffic, Cluster=cluster, Writer=MEMBER)
    assert found["aurora.serverless_v2.acu_hour"] == pytest.approx(acu_hours)
    with_reader = charges(tmp_path, traffic, Cluster=cluster, Writer=MEMBER, Reader=MEMBER)
    assert with_reader["aurora.serverless_v2.acu_hour"] == pytest.approx(2 * acu_hours)


def test_a_cluster_has_storage_requests_backups_and_a_password(tmp_path: Path) -> None:
    traffic = Traffic(database_gib=40, database_ios_per_month=3_000_000, database_daily_change_share=0.1)
    cluster = {**CLUSTER, "BackupRetentionPeriod": 8, "ManageMasterUserPassword": True}
    assert charges(tmp_path, traffic, Cluster=cluster) == pytest.approx(
        {
            "aurora.storage.gib_month": 40,
            "aurora.io.request": 3_000_000,
            # One full copy is free, and seven days of changes are not.
            "aurora.backup.gib_month": 7 * 0.1 * 40,
            "secretsmanager.secret_month": 1,
        }
    )


def test_a_member_of_a_cluster_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="shop-data: Writer belongs to no cluster of the assembly"):
        charges(tmp_path, Traffic(), Writer={**MEMBER, "DBClusterIdentifier": "imported"})


def test_an_instance_is_paid_by_class_storage_and_password(tmp_path: Path) -> None:
    found = charges(tmp_path, QUIET, Data={**INSTANCE, "ManageMasterUserPassword": True})
    assert found == {
        "rds.postgres.db.t4g.micro.single_az.hour": HOURS,
        "rds.gp3.single_az.gib_month": 20,
        "secretsmanager.secret_month": 1,
    }


def test_a_standby_has_prices_of_its_own(tmp_path: Path) -> None:
    found = charges(tmp_path, QUIET, Data={**INSTANCE, "MultiAZ": True})
    assert found == {"rds.postgres.db.t4g.micro.multi_az.hour": HOURS, "rds.gp3.multi_az.gib_month": 20}


def test_backups_cost_beyond_the_storage_of_the_instance(tmp_path: Path) -> None:
    # Thirty days: 20 GiB, and 29 times a tenth of it.
    traffic = Traffic(database_gib=20, database_daily_change_share=0.1)
    found = charges(tmp_path, traffic, Data={**INSTANCE, "BackupRetentionPeriod": 30})
    assert found["rds.backup.gib_month"] == pytest.approx(20 + 29 * 2 - 20)
    grown = charges(tmp_path, Traffic(database_gib=50), Data=INSTANCE)
    assert grown["rds.gp3.single_az.gib_month"] == 50


def test_backups_in_another_region_are_paid_in_full_and_carried_there(tmp_path: Path) -> None:
    traffic = Traffic(database_gib=10, database_daily_change_share=0.1)
    found = charges(tmp_path, traffic, Data={**INSTANCE, "AutomaticBackupReplicationRegion": "us-west-2"})
    assert found["rds.backup.gib_month"] == pytest.approx(10 + 6 * 1)
    assert found["transfer.region_gib"] == pytest.approx(10 * 0.1 * HOURS / 24)


PLAN = {
    "Type": "AWS::Backup::BackupPlan",
    "BackupPlan": {"BackupPlanRule": [{"RuleName": "Daily", "Lifecycle": {"DeleteAfterDays": 31}}]},
}
SELECTION = {
    "Type": "AWS::Backup::BackupSelection",
    "BackupPlanId": {"Ref": "Plan"},
    "BackupSelection": {"Resources": [{"Ref": "Data"}]},
}


def test_a_plan_keeps_one_copy_and_what_changes(tmp_path: Path) -> None:
    traffic = Traffic(database_gib=10, database_daily_change_share=0.1)
    found = charges(tmp_path, traffic, Data=INSTANCE, Other=INSTANCE, Plan=PLAN, Selection=SELECTION)
    assert found["backup.rds.gib_month"] == pytest.approx(10 * (1 + 30 * 0.1))


def test_copies_elsewhere_are_kept_and_carried(tmp_path: Path) -> None:
    rule = {"Lifecycle": {"DeleteAfterDays": 31}, "CopyActions": [{"Lifecycle": {"DeleteAfterDays": 1}}]}
    plan = {**PLAN, "BackupPlan": {"BackupPlanRule": [rule]}}
    traffic = Traffic(database_gib=10, database_daily_change_share=0.1)
    found = charges(tmp_path, traffic, Data=INSTANCE, Plan=plan, Selection=SELECTION)
    assert found["backup.rds.gib_month"] == pytest.approx(40 + 10)
    assert found["transfer.region_gib"] == pytest.approx(1 * HOURS / 24)


def test_backups_for_ever_have_no_monthly_cost(tmp_path: Path) -> None:
    plan = {**PLAN, "BackupPlan": {"BackupPlanRule": [{"RuleName": "Daily"}]}}
    with pytest.raises(InputError, match=r"shop-data: Plan keeps backups for ever.*; set DeleteAfterDays"):
        charges(tmp_path, Traffic(), Data=INSTANCE, Plan=plan, Selection=SELECTION)


CACHE = {"Type": "AWS::ElastiCache::ReplicationGroup", "Engine": "valkey", "CacheNodeType": "cache.t4g.micro"}


@pytest.mark.parametrize(
    ("changes", "nodes"),
    [
        ({"NumCacheClusters": 2}, 2),
        ({"NumNodeGroups": 2, "ReplicasPerNodeGroup": 1}, 4),
        ({"NumCacheClusters": 1, "SnapshotRetentionLimit": 1}, 1),
    ],
)
def test_a_cache_is_paid_by_node(changes: dict[str, int], nodes: int, tmp_path: Path) -> None:
    found = charges(tmp_path, Traffic(), Cache={**CACHE, **changes})
    assert found == {"elasticache.valkey.cache.t4g.micro.hour": nodes * HOURS}


def test_snapshots_of_a_cache_cost_after_the_first(tmp_path: Path) -> None:
    given = {**CACHE, "Engine": "redis", "NumCacheClusters": 1, "SnapshotRetentionLimit": 7}
    found = charges(tmp_path, Traffic(cache_gib=2), Cache=given)
    assert found == {"elasticache.redis.cache.t4g.micro.hour": HOURS, "elasticache.snapshot.gib_month": 12}


@pytest.mark.parametrize(("mode", "nodes"), [("SINGLE_INSTANCE", 1), ("CLUSTER_MULTI_AZ", 3)])
def test_a_broker_is_one_node_or_three(mode: str, nodes: int, tmp_path: Path) -> None:
    broker = {
        "Type": "AWS::AmazonMQ::Broker",
        "EngineType": "RABBITMQ",
        "HostInstanceType": "mq.m7g.large",
        "DeploymentMode": mode,
    }
    assert charges(tmp_path, Traffic(broker_gib=5), Broker=broker) == {
        "mq.rabbitmq.mq.m7g.large.hour": nodes * HOURS,
        "mq.rabbitmq.gib_month": nodes * 5,
    }


def test_a_search_domain_is_nodes_masters_and_volumes(tmp_path: Path) -> None:
    domain = {
        "Type": "AWS::OpenSearchService::Domain",
        "ClusterConfig": {
            "InstanceCount": 2,
            "InstanceType": "m7g.medium.search",
            "DedicatedMasterEnabled": True,
            "DedicatedMasterCount": 3,
            "DedicatedMasterType": "t3.small.search",
        },
        "EBSOptions": {"EBSEnabled": True, "VolumeSize": 20, "VolumeType": "gp3"},
    }
    assert charges(tmp_path, Traffic(), Domain=domain) == {
        "opensearch.m7g.medium.search.hour": 2 * HOURS,
        "opensearch.t3.small.search.hour": 3 * HOURS,
        "opensearch.gp3.gib_month": 40,
    }


def test_a_bucket_is_what_is_in_it_and_written_to_it(tmp_path: Path) -> None:
    traffic = Traffic(bucket_gib=7, bucket_writes_per_month=1000)
    found = charges(tmp_path, traffic, Bucket={"Type": "AWS::S3::Bucket"})
    assert found == {"s3.standard.gib_month": 7, "s3.write": 1000}


def test_a_bucket_of_logs_holds_none_of_the_data(tmp_path: Path) -> None:
    """What a load balancer and a flow log write is none of the data that the traffic states."""
    traffic = Traffic(bucket_gib=7, bucket_writes_per_month=1000)
    attributes = [{"Key": "access_logs.s3.bucket", "Value": {"Ref": "Requests"}}]
    found = bill(
        tmp_path,
        traffic,
        Data={"Type": "AWS::S3::Bucket"},
        Requests={"Type": "AWS::S3::Bucket"},
        Flows={"Type": "AWS::S3::Bucket"},
        Balancer={"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerAttributes": attributes},
        FlowLog={"Type": "AWS::EC2::FlowLog", "LogDestination": {"Fn::GetAtt": ["Flows", "Arn"]}},
    )
    kept = [row for row in found.rows if row.price.name.startswith("s3.")]
    assert {row.price.name: row.quantity for row in kept} == {"s3.standard.gib_month": 7, "s3.write": 1000}
    assert len(kept) == 2


def test_a_queue_is_three_requests_a_message_and_the_polls_of_lambda(tmp_path: Path) -> None:
    queue = {"Type": "AWS::SQS::Queue", "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}}}
    dead = {"Type": "AWS::SQS::Queue"}
    traffic = Traffic(messages_per_month=1000)
    assert charges(tmp_path, traffic, Queue=queue, Dead=dead) == {"sqs.standard.request": 3000}
    mapping = {
        "Type": "AWS::Lambda::EventSourceMapping",
        "FunctionName": {"Ref": "Function"},
        "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
    }
    found = charges(tmp_path, traffic, Queue={**queue, "FifoQueue": True}, Dead=dead, Mapping=mapping)
    # Five pollers, three polls a minute each.
    assert found["sqs.fifo.request"] == 3000 + 5 * 3 * 60 * HOURS
