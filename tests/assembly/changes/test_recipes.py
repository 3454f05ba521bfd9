"""What a person reads who would lose data."""

from typing import Any

import pytest

from assembly.changes.classify import compare
from assembly.changes.model import DESTRUCTIVE, Cause, Change, Fate, Kind
from assembly.changes.recipes import recipe
from assembly.changes.stateful import HOLDINGS
from tests.assembly.changes.given import BUCKET, CLUSTER, QUEUE, between, by_id, resource, template, templates


def steps(change: Change) -> str:
    return "\n".join(recipe(change))


def test_a_renamed_resource_keeps_its_logical_id() -> None:
    text = steps(between({"OldABC": resource(CLUSTER)}, {"NewDEF": resource(CLUSTER)})["OldABC"])
    assert 'override_logical_id("OldABC")' in text
    assert "cdk refactor Data --unstable=refactor --dry-run" in text
    assert "create-db-cluster-snapshot" in text


@pytest.mark.parametrize(
    ("its_type", "old", "new", "words"),
    [
        (CLUSTER, {"DatabaseName": "a"}, {"DatabaseName": "b"}, "create-db-cluster-snapshot"),
        ("AWS::RDS::DBInstance", {"DBName": "a"}, {"DBName": "b"}, "create-db-snapshot"),
        (BUCKET, {"BucketName": "a"}, {"BucketName": "b"}, "aws s3 sync"),
        (QUEUE, {"QueueName": "a"}, {"QueueName": "b"}, "let the consumers empty the old one"),
        ("AWS::AmazonMQ::Broker", {"BrokerName": "a"}, {"BrokerName": "b"}, "move the producers over"),
        ("AWS::ElastiCache::ReplicationGroup", {"Port": 1}, {"Port": 2}, "create-snapshot --replication-group-id"),
        (
            "AWS::OpenSearchService::Domain",
            {"DomainName": "a"},
            {"DomainName": "b"},
            "index into it from the databases",
        ),
        ("AWS::SecretsManager::Secret", {"Name": "a"}, {"Name": "b"}, "put-secret-value"),
        ("AWS::Backup::BackupVault", {"BackupVaultName": "a"}, {"BackupVaultName": "b"}, "start-copy-job"),
    ],
)
def test_a_replacement_is_fitted_to_its_type(
    its_type: str, old: dict[str, Any], new: dict[str, Any], words: str
) -> None:
    text = steps(between({"It": resource(its_type, old)}, {"It": resource(its_type, new)})["It"])
    assert text.startswith("put the property back")
    assert words in text


def test_a_doubt_is_settled_by_the_change_set() -> None:
    old, new = (resource(CLUSTER, {"Engine": engine}) for engine in ("a", "b"))
    assert "cdk diff Data --method=change-set" in steps(between({"It": old}, {"It": new})["It"])


def test_what_is_left_behind_can_be_taken_in_again() -> None:
    text = steps(between({"It": resource(QUEUE, DeletionPolicy="Retain")}, {})["It"])
    assert text.startswith("put it back")
    assert "cdk import" in text


def test_what_is_deleted_can_be_made_to_stay() -> None:
    assert "RemovalPolicy.RETAIN" in steps(between({"It": resource(QUEUE)}, {})["It"])


def test_a_moved_resource_is_handed_on_instead() -> None:
    bucket = resource(BUCKET)
    change = by_id(
        compare(templates(a=template(It=bucket), b=template()), templates(a=template(), b=template(X=bucket)))
    )
    assert "hand it on by props" in steps(change["It"])
    assert "--additional-stack-name=a" in steps(change["It"])


def test_a_vanished_stack_is_destroyed_on_purpose_only() -> None:
    before = templates(a=template(It=resource(QUEUE)), b=template())
    assert "put a back" in (text := steps(by_id(compare(before, templates(b=template())))["It"]).lower())
    assert "cdk destroy" in text


def test_every_danger_has_a_way_out() -> None:
    """Whatever the type, the cause and the fate: what to do instead, and how to take the data along."""
    for its_type, holding in HOLDINGS.items():
        for kind in DESTRUCTIVE:
            for cause in Cause:
                for fate in Fate:
                    change = Change(
                        stack="s",
                        stack_id="S",
                        logical_id="It",
                        type=its_type,
                        path="It",
                        kind=Kind(kind),
                        cause=cause,
                        fate=fate,
                        holding=holding,
                    )
                    found = recipe(change)
                    assert len(found) >= 2
                    assert any(holding.move in step for step in found)
