"""The worker of notifications is what requirements 48 to 56 and 62 ask for."""

from typing import Any

import pytest

from tests.support.synth import Assembly, synthesize
from tests.systems.placement import origin, statements_of, tiers, ways
from tests.systems.templates import only

QUEUE = "Queue/NotificationsQueue"
DLQ = "Queue/NotificationsDeadLetterQueue"
CLUSTER = "Database/NotificationsCluster"


@pytest.fixture(params=["dev", "staging", "prod"])
def assembly(request: pytest.FixtureRequest) -> Assembly:
    return synthesize("notifications", request.param)


def worker(assembly: Assembly) -> dict[str, Any]:
    """Properties of the function that the queue feeds."""
    name = only(assembly, "AWS::Lambda::EventSourceMapping")["FunctionName"]["Ref"]
    found: dict[str, Any] = assembly.templates["Worker"]["Resources"][name]["Properties"]
    return found


@pytest.mark.parametrize(
    ("environment", "memory_mib", "concurrency"), [("dev", 512, 5), ("staging", 512, 10), ("prod", 1024, 50)]
)
def test_memory_and_concurrency_of_each_environment(environment: str, memory_mib: int, concurrency: int) -> None:
    """The event source asks for no more than may run: what is throttled uses up receives."""
    assembly = synthesize("notifications", environment)
    found = worker(assembly)
    assert (found["MemorySize"], found["ReservedConcurrentExecutions"]) == (memory_mib, concurrency)
    mapping = only(assembly, "AWS::Lambda::EventSourceMapping")
    assert mapping["ScalingConfig"]["MaximumConcurrency"] <= concurrency


def test_runs_python_for_one_to_five_minutes(assembly: Assembly) -> None:
    found = worker(assembly)
    assert found["Runtime"] == "python3.13"
    assert 60 <= found["Timeout"] <= 300
    assert 512 <= found["MemorySize"] <= 1024


def test_reaches_the_database_from_inside_the_vpc(assembly: Assembly) -> None:
    network = worker(assembly)["VpcConfig"]
    assert tiers(assembly, "Worker", network["SubnetIds"]) == {"Private"}
    (group,) = network["SecurityGroupIds"]
    assert (origin(assembly, "Worker", group), "Database/NotificationsClusterSecurityGroup", 5432) in ways(assembly)
    assert origin(assembly, "Worker", worker(assembly)["Environment"]["Variables"]["DATABASE_HOST"]) == CLUSTER


def test_takes_batches_of_ten_every_five_seconds_and_answers_message_by_message(assembly: Assembly) -> None:
    mapping = only(assembly, "AWS::Lambda::EventSourceMapping")
    assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (10, 5)
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert origin(assembly, "Worker", mapping["EventSourceArn"]) == QUEUE


def test_the_role_receives_reads_the_secrets_delivers_and_does_nothing_else(assembly: Assembly) -> None:
    assert origin(assembly, "Worker", worker(assembly)["Role"]) == "Worker/WorkerRole"
    found = statements_of(assembly, "Worker", "WorkerRole")
    secrets = ["Database/NotificationsUsersWorker", "Worker/ChannelsTelegramToken"]
    assert found.pop("secretsmanager:GetSecretValue") == secrets
    # What can never be delivered is parked in the dead-letter queue with its reason.
    assert found.pop("sqs:SendMessage") == [DLQ]
    for action in ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes"):
        assert found.pop(f"sqs:{action}") == [QUEUE]
    if assembly.resources("AWS::KMS::Key", "Queue"):
        assert {*found.pop("kms:Decrypt")} == {f"{stack}/CustomerKey" for stack in ("Database", "Queue", "Worker")}
        assert found.pop("kms:GenerateDataKey") == ["Queue/CustomerKey"]
    assert found.keys() == {"ses:SendEmail", "sns:Publish"}


def test_no_role_has_what_aws_puts_into_policies_of_its_own(assembly: Assembly) -> None:
    """They let a function write to every log group of the account, and change with AWS's mind."""
    for place, role in assembly.resources("AWS::IAM::Role").items():
        assert "ManagedPolicyArns" not in role["Properties"], place


def test_the_role_lets_lambda_log_and_move_its_interfaces(assembly: Assembly) -> None:
    """The code itself writes to its own log group alone, and calls nothing of EC2."""
    name = worker(assembly)["Role"]["Fn::GetAtt"][0]
    policies = assembly.templates["Worker"]["Resources"][name]["Properties"]["Policies"]
    found = {each["PolicyName"]: each["PolicyDocument"]["Statement"] for each in policies}
    assert found.keys() == {"Interfaces", "Logs"}
    (logs,), (interfaces,) = found["Logs"], found["Interfaces"]
    assert logs["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert origin(assembly, "Worker", logs["Resource"]) == "Worker/WorkerLogs"
    assert {f"ec2:{verb}NetworkInterface" for verb in ("Create", "Delete")} <= {*interfaces["Action"]}
    assert interfaces["Condition"] == {"Null": {"lambda:SourceFunctionArn": "true"}}


def test_tells_of_errors_duration_and_throttles(assembly: Assembly) -> None:
    name = only(assembly, "AWS::Lambda::EventSourceMapping")["FunctionName"]["Ref"]
    told = {
        alarm["Properties"]["MetricName"]: alarm["Properties"]["Threshold"]
        for alarm in assembly.resources("AWS::CloudWatch::Alarm", "Worker").values()
        if alarm["Properties"].get("Dimensions") == [{"Name": "FunctionName", "Value": {"Ref": name}}]
    }
    assert told == {"Errors": 1, "Duration": 0.8 * 1000 * worker(assembly)["Timeout"], "Throttles": 1}


def test_no_two_pieces_of_code_share_a_role(assembly: Assembly) -> None:
    """What one of them may, the next one's fault could use."""
    owners: dict[str, str] = {}
    for place, function in assembly.resources("AWS::Lambda::Function").items():
        role = origin(assembly, place.partition("/")[0], function["Properties"]["Role"])
        assert owners.setdefault(role, place) == place
    for place, task in assembly.resources("AWS::ECS::TaskDefinition").items():
        role = origin(assembly, "Api", task["Properties"]["TaskRoleArn"])
        assert owners.setdefault(role, place) == place
    assert {"Api/ApiTaskTaskRole", "Worker/WorkerRole"} <= owners.keys()
