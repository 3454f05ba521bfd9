"""Database and queue of notifications are what requirements 20 to 35 ask for."""

import pytest

from config.model import AuroraConfig
from constructs_lib.providers import LOCAL
from stacks.compose import build_app, new_app
from tests.support.synth import Assembly, cdk_context, configuration, synthesize
from tests.systems.placement import origin
from tests.systems.templates import only

DAY_SECONDS = 24 * 60 * 60


@pytest.fixture(params=["dev", "staging", "prod"])
def assembly(request: pytest.FixtureRequest) -> Assembly:
    return synthesize("notifications", request.param)


def test_the_database_is_aurora_serverless_v2_with_postgresql(assembly: Assembly) -> None:
    cluster = only(assembly, "AWS::RDS::DBCluster")
    assert cluster["Engine"] == "aurora-postgresql"
    assert cluster["DatabaseName"] == "notifications"
    instances = assembly.resources("AWS::RDS::DBInstance").values()
    assert {each["Properties"]["DBInstanceClass"] for each in instances} == {"db.serverless"}


@pytest.mark.parametrize(("environment", "capacity"), [("dev", (0, 2)), ("staging", (0.5, 4)), ("prod", (1, 8))])
def test_capacity_of_each_environment(environment: str, capacity: tuple[float, float]) -> None:
    scaling = only(synthesize("notifications", environment), "AWS::RDS::DBCluster")["ServerlessV2ScalingConfiguration"]
    assert (scaling["MinCapacity"], scaling["MaxCapacity"]) == capacity
    # It is the pause that brings dev below its budget.
    assert ("SecondsUntilAutoPause" in scaling) is (capacity[0] == 0)


def test_capacity_follows_the_load(assembly: Assembly) -> None:
    scaling = only(assembly, "AWS::RDS::DBCluster")["ServerlessV2ScalingConfiguration"]
    assert scaling["MaxCapacity"] >= 2 * scaling["MinCapacity"]


def test_the_password_is_kept_and_rotated_by_aws(assembly: Assembly) -> None:
    """RDS rotates a master password that it manages every seven days, without a function."""
    cluster = only(assembly, "AWS::RDS::DBCluster")
    assert cluster["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in cluster


def test_a_read_replica_is_a_number_in_config() -> None:
    config = configuration("notifications", "staging")
    database = config.databases["notifications"]
    assert isinstance(database, AuroraConfig)
    for readers in (0, 2):
        changed = config.model_copy(
            update={"databases": {"notifications": database.model_copy(update={"readers": readers})}}
        )
        stacks = build_app(new_app(cdk_context()), changed, LOCAL)
        assert stacks.database is not None
        made = [each for each in stacks.database.node.find_all() if each.node.id.startswith("Reader")]
        assert len(made) == readers


@pytest.mark.parametrize(("environment", "days"), [("dev", 1), ("staging", 7), ("prod", 14)])
def test_any_point_in_time_of_so_many_days_can_be_restored(environment: str, days: int) -> None:
    cluster = only(synthesize("notifications", environment), "AWS::RDS::DBCluster")
    assert cluster["BackupRetentionPeriod"] == days


def test_the_database_is_encrypted_and_takes_tls_only(assembly: Assembly) -> None:
    assert only(assembly, "AWS::RDS::DBCluster")["StorageEncrypted"] is True
    assert only(assembly, "AWS::RDS::DBClusterParameterGroup")["Parameters"] == {"rds.force_ssl": "1"}


def queue_and_dlq(assembly: Assembly) -> tuple[str, str]:
    """Logical ids without hash."""
    queues = assembly.resources("AWS::SQS::Queue", "Queue")
    (queue,) = (place for place, each in queues.items() if "RedrivePolicy" in each["Properties"])
    (dlq,) = (place for place in queues if place != queue)
    target = queues[queue]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    assert dlq == f"Queue/{target}"
    return queue, dlq


def test_the_queue_tells_of_depth_age_and_dead_letters(assembly: Assembly) -> None:
    queue, dlq = queue_and_dlq(assembly)
    told = {}
    for alarm in assembly.resources("AWS::CloudWatch::Alarm", "Queue").values():
        properties = alarm["Properties"]
        (dimension,) = properties["Dimensions"]
        watched = f"Queue/{dimension['Value']['Fn::GetAtt'][0]}"
        told[watched, properties["MetricName"]] = (properties["Threshold"], properties["ComparisonOperator"])
        assert origin(assembly, "Queue", properties["AlarmActions"][0]) == "Alarms/AlarmsTopic"
    at_least = "GreaterThanOrEqualToThreshold"
    assert told.keys() == {
        (queue, "ApproximateNumberOfMessagesVisible"),
        (queue, "ApproximateAgeOfOldestMessage"),
        (dlq, "ApproximateNumberOfMessagesVisible"),
    }
    assert told[dlq, "ApproximateNumberOfMessagesVisible"] == (1, at_least)
    assert {operator for _, operator in told.values()} == {at_least}


def test_visibility_covers_six_timeouts_and_the_batch_window(assembly: Assembly) -> None:
    """Less, and a throttled batch is received again while it is still being retried."""
    queue, _ = queue_and_dlq(assembly)
    visibility = assembly.resources("AWS::SQS::Queue")[queue]["Properties"]["VisibilityTimeout"]
    mapping = only(assembly, "AWS::Lambda::EventSourceMapping")
    worker = assembly.templates["Worker"]["Resources"][mapping["FunctionName"]["Ref"]]["Properties"]
    assert visibility == 6 * worker["Timeout"] + mapping["MaximumBatchingWindowInSeconds"]
    assert visibility >= 30


def test_retention_is_four_to_fourteen_days_and_longer_in_the_dlq(assembly: Assembly) -> None:
    kept = {
        place: queue["Properties"]["MessageRetentionPeriod"] / DAY_SECONDS
        for place, queue in assembly.resources("AWS::SQS::Queue").items()
    }
    queue, dlq = queue_and_dlq(assembly)
    assert (kept[queue], kept[dlq]) == (4, 14)


def test_the_queues_refuse_what_is_not_encrypted(assembly: Assembly) -> None:
    denied = set()
    for policy in assembly.resources("AWS::SQS::QueuePolicy").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Deny":
                assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
                assert (statement["Action"], statement["Principal"]) == ("sqs:*", {"AWS": "*"})
                denied |= {f"Queue/{queue['Ref']}" for queue in policy["Properties"]["Queues"]}
    assert denied == set(queue_and_dlq(assembly))
    for queue in assembly.resources("AWS::SQS::Queue").values():
        properties = queue["Properties"]
        assert properties.get("SqsManagedSseEnabled") is True or "KmsMasterKeyId" in properties
