"""Nothing travels in the clear, nothing is kept in the clear, and no key lives for ever: in every environment."""

from typing import Any

import pytest

from tests.support.synth import Assembly, all_environments, synthesize

# Where a policy has to refuse what comes without TLS: the type of the policy, and what it names.
REFUSING = {
    "AWS::SQS::Queue": ("AWS::SQS::QueuePolicy", "Queues"),
    "AWS::SNS::Topic": ("AWS::SNS::TopicPolicy", "Topics"),
    "AWS::S3::Bucket": ("AWS::S3::BucketPolicy", "Bucket"),
}
PARAMETERS = {
    "AWS::RDS::DBCluster": ("DBClusterParameterGroupName", "AWS::RDS::DBClusterParameterGroup"),
    "AWS::RDS::DBInstance": ("DBParameterGroupName", "AWS::RDS::DBParameterGroup"),
}
LONG_LIVED = {"AWS::IAM::User", "AWS::IAM::AccessKey", "AWS::EC2::KeyPair"}


@pytest.fixture(params=all_environments(), ids="/".join)
def assembly(request: pytest.FixtureRequest) -> Assembly:
    return synthesize(*request.param)


def refusing_plain(assembly: Assembly, policy_type: str, names: str) -> set[str]:
    """Places of the resources whose policy denies requests without TLS."""
    found = set()
    for place, policy in assembly.resources(policy_type).items():
        stack, properties = place.partition("/")[0], policy["Properties"]
        denied = [
            statement
            for statement in properties["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        ]
        if denied:
            named: Any = properties[names]
            found |= {f"{stack}/{each['Ref']}" for each in (named if isinstance(named, list) else [named])}
    return found


def test_what_has_a_policy_refuses_plain_requests(assembly: Assembly) -> None:
    for resource_type, (policy_type, names) in REFUSING.items():
        assert set(assembly.resources(resource_type)) == refusing_plain(assembly, policy_type, names), resource_type


def test_databases_refuse_connections_without_tls(assembly: Assembly) -> None:
    looked_at = 0
    for resource_type, (key, group_type) in PARAMETERS.items():
        for place, database in assembly.resources(resource_type).items():
            if "DBClusterIdentifier" in database["Properties"]:
                continue  # what its cluster refuses, it refuses
            looked_at += 1
            group = assembly.templates[place.partition("/")[0]]["Resources"][database["Properties"][key]["Ref"]]
            assert group["Type"] == group_type
            assert group["Properties"]["Parameters"]["rds.force_ssl"] == "1", place
    assert looked_at > 0


def test_clients_verify_who_answers(assembly: Assembly) -> None:
    """PostgreSQL by its certificate, the broker by the scheme of its address."""
    modes, brokers = [], []
    for task in assembly.resources("AWS::ECS::TaskDefinition").values():
        for container in task["Properties"]["ContainerDefinitions"]:
            given = {entry["Name"]: entry["Value"] for entry in container["Environment"]}
            modes += [value for name, value in given.items() if name == "DATABASE_SSLMODE"]
            brokers += [name for name in given if name == "BROKER_URL"]
    assert modes
    assert set(modes) == {"verify-full"}
    assert bool(brokers) is bool(assembly.resources("AWS::AmazonMQ::Broker"))


def test_no_credential_lives_for_ever(assembly: Assembly) -> None:
    """Roles give out keys for hours; a user's key is good until somebody remembers it."""
    resources = [each for template in assembly.templates.values() for each in template["Resources"].values()]
    assert len(resources) > 50
    assert LONG_LIVED & {each["Type"] for each in resources} == set()
