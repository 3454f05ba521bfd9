"""Each class of difference, on a single stack."""

from typing import Any

import pytest

from assembly.changes.classify import compare
from assembly.changes.model import Cause, Fate, Kind
from tests.assembly.changes.given import (
    BUCKET,
    CLUSTER,
    FUNCTION,
    INSTANCE,
    QUEUE,
    VPC,
    between,
    by_id,
    resource,
    template,
    templates,
)


@pytest.mark.parametrize(
    ("its_type", "old", "new", "kind"),
    [
        (QUEUE, {"VisibilityTimeout": 30}, {"VisibilityTimeout": 30}, Kind.UNCHANGED),
        (QUEUE, {"VisibilityTimeout": 30}, {"VisibilityTimeout": 60}, Kind.IN_PLACE),
        (QUEUE, {}, {"VisibilityTimeout": 60}, Kind.IN_PLACE),
        (QUEUE, {"QueueName": "orders"}, {"QueueName": "bills"}, Kind.REPLACES),
        (QUEUE, {"QueueName": "orders"}, {}, Kind.REPLACES),
        (QUEUE, {}, {"QueueName": "orders"}, Kind.REPLACES),
        (VPC, {"CidrBlock": "10.0.0.0/16"}, {"CidrBlock": "10.1.0.0/16"}, Kind.REPLACES),
        (INSTANCE, {"MasterUsername": "a"}, {"MasterUsername": "b"}, Kind.REPLACES),
        (INSTANCE, {"MultiAZ": False}, {"MultiAZ": True}, Kind.IN_PLACE),
        (INSTANCE, {"Engine": "postgres"}, {"Engine": "mariadb"}, Kind.MAY_REPLACE),
        (INSTANCE, {"Port": "5432"}, {"Port": "5433"}, Kind.MAY_REPLACE),
        (
            "AWS::OpenSearchService::Domain",
            {"EncryptionAtRestOptions": {"Enabled": True, "KmsKeyId": "a"}},
            {"EncryptionAtRestOptions": {"Enabled": True, "KmsKeyId": "b"}},
            Kind.MAY_REPLACE,
        ),
        (
            "AWS::EC2::VPCEndpoint",
            {"DnsOptions": {"PrivateDnsPreference": "a", "DnsRecordIpType": "ipv4"}},
            {"DnsOptions": {"PrivateDnsPreference": "a", "DnsRecordIpType": "ipv6"}},
            Kind.IN_PLACE,
        ),
        ("Custom::Migrations", {"ServiceToken": "a", "Version": 1}, {"ServiceToken": "a", "Version": 2}, Kind.IN_PLACE),
        ("Custom::Migrations", {"ServiceToken": "a"}, {"ServiceToken": "b"}, Kind.REPLACES),
        ("Acme::Cloud::Thing", {"Size": 1}, {"Size": 2}, Kind.MAY_REPLACE),
        ("Acme::Cloud::Thing", {"Size": 1}, {"Size": 1}, Kind.UNCHANGED),
    ],
)
def test_a_property_decides(its_type: str, old: dict[str, Any], new: dict[str, Any], kind: Kind) -> None:
    change = between({"It": resource(its_type, old)}, {"It": resource(its_type, new)})["It"]
    assert change.kind is kind
    assert bool(change.reasons) is (kind is not Kind.UNCHANGED)


def test_the_reason_names_property_and_values() -> None:
    it = between({"It": resource(QUEUE, {"QueueName": "orders"})}, {"It": resource(QUEUE, {"QueueName": "bills"})})[
        "It"
    ]
    assert it.reasons == ("QueueName can be set at creation only: orders → bills",)
    assert it.cause is Cause.PROPERTY


def test_an_unknown_type_is_said_to_be_unknown() -> None:
    old, new = (resource("Acme::Cloud::Thing", {"Size": size}) for size in (1, 2))
    (reason,) = between({"It": old}, {"It": new})["It"].reasons
    assert reason == "no schema is known of Acme::Cloud::Thing: a change of Size may replace it"


def test_an_added_resource() -> None:
    assert between({}, {"It": resource(QUEUE)})["It"].kind is Kind.ADDED


@pytest.mark.parametrize(
    ("its_type", "attributes", "kind", "fate"),
    [
        (QUEUE, {}, Kind.DELETES, Fate.DELETED),
        (QUEUE, {"DeletionPolicy": "Delete"}, Kind.DELETES, Fate.DELETED),
        (QUEUE, {"DeletionPolicy": "Retain"}, Kind.ORPHANS, Fate.KEPT),
        (QUEUE, {"DeletionPolicy": "RetainExceptOnCreate"}, Kind.ORPHANS, Fate.KEPT),
        (CLUSTER, {"DeletionPolicy": "Snapshot"}, Kind.ORPHANS, Fate.SNAPSHOT),
        (CLUSTER, {}, Kind.ORPHANS, Fate.SNAPSHOT),
        # RDS takes no snapshot of a cluster's member.
        (INSTANCE, {"Properties": {"DBClusterIdentifier": "c"}}, Kind.DELETES, Fate.DELETED),
        (INSTANCE, {}, Kind.ORPHANS, Fate.SNAPSHOT),
    ],
)
def test_a_removed_resource(its_type: str, attributes: dict[str, Any], kind: Kind, fate: Fate) -> None:
    change = between({"It": {"Type": its_type, **attributes}}, {})["It"]
    assert (change.kind, change.fate, change.cause) == (kind, fate, Cause.REMOVED)


@pytest.mark.parametrize(("policy", "fate"), [("Retain", Fate.KEPT), ("Snapshot", Fate.SNAPSHOT), (None, Fate.DELETED)])
def test_the_old_one_of_a_replacement(policy: str | None, fate: Fate) -> None:
    attributes = {"UpdateReplacePolicy": policy} if policy else {}
    old, new = (resource(CLUSTER, {"DatabaseName": name}, **attributes) for name in ("a", "b"))
    change = between({"It": old}, {"It": new})["It"]
    assert (change.kind, change.fate) == (Kind.REPLACES, fate)


def test_another_logical_id_is_a_replacement() -> None:
    found = between({"OldABC": resource(QUEUE, {"DelaySeconds": 1})}, {"NewDEF": resource(QUEUE, {"DelaySeconds": 1})})
    assert (found["OldABC"].kind, found["OldABC"].cause) == (Kind.REPLACES, Cause.RENAMED)
    assert found["OldABC"].successor == ("data", "NewDEF")
    assert found["NewDEF"].kind is Kind.ADDED
    assert found["NewDEF"].reasons == ("takes the place of data/OldABC",)


def test_another_type_is_a_replacement() -> None:
    change = between({"It": resource(QUEUE)}, {"It": resource(BUCKET)})["It"]
    assert (change.kind, change.cause) == (Kind.REPLACES, Cause.TYPE)
    # What is lost is the queue.
    assert change.holding is not None
    assert change.holding.what == "messages that wait"


def test_a_resource_that_moves_to_another_stack() -> None:
    bucket = resource(BUCKET, {"VersioningConfiguration": {"Status": "Enabled"}})
    before = templates(data=template(MediaABC=bucket), files=template())
    after = templates(data=template(), files=template(FilesMediaDEF=bucket))
    change = by_id(compare(before, after))["MediaABC"]
    assert (change.kind, change.cause, change.fate) == (Kind.REPLACES, Cause.MOVED, Fate.DELETED)
    assert change.successor == ("files", "FilesMediaDEF")


def test_a_stack_that_the_app_has_no_more_stays() -> None:
    before = templates(data=template(It=resource(BUCKET)), api=template(F=resource(FUNCTION)))
    change = by_id(compare(before, templates(api=template(F=resource(FUNCTION)))))["It"]
    assert (change.kind, change.cause, change.fate) == (Kind.ORPHANS, Cause.STACK_REMOVED, Fate.KEPT)
    assert change.dangerous


def test_a_new_stack_is_added() -> None:
    found = by_id(
        compare(
            templates(a=template(A=resource(QUEUE))),
            templates(a=template(A=resource(QUEUE)), b=template(B=resource(QUEUE))),
        )
    )
    assert {name: change.kind for name, change in found.items()} == {"A": Kind.UNCHANGED, "B": Kind.ADDED}


def test_metadata_and_order_change_nothing() -> None:
    old = resource(QUEUE, Metadata={"aws:cdk:path": "a/b"}, DependsOn="Other")
    assert between({"It": old}, {"It": resource(QUEUE)})["It"].kind is Kind.UNCHANGED


def test_a_policy_changes_in_place() -> None:
    old, new = (resource(QUEUE, DeletionPolicy=policy) for policy in ("Retain", "Delete"))
    change = between({"It": old}, {"It": new})["It"]
    assert (change.kind, change.reasons) == (Kind.IN_PLACE, ("DeletionPolicy: Retain → Delete",))


def test_what_depends_on_a_condition_may_be_deleted() -> None:
    def under(region: str) -> dict[str, Any]:
        conditions = {"Here": {"Fn::Equals": [{"Ref": "AWS::Region"}, region]}}
        return {"Conditions": conditions, **template(It=resource(QUEUE, Condition="Here"))}

    change = by_id(compare(templates(data=under("a")), templates(data=under("b"))))["It"]
    assert change.kind is Kind.MAY_REPLACE
    assert change.dangerous


@pytest.mark.parametrize(
    ("its_type", "properties", "dangerous"),
    [
        (BUCKET, {}, True),
        (FUNCTION, {}, False),
        ("AWS::Logs::LogGroup", {}, False),
        ("AWS::SNS::Topic", {}, False),
        (INSTANCE, {}, True),
        (INSTANCE, {"DBClusterIdentifier": {"Ref": "Cluster"}}, False),
    ],
)
def test_only_data_is_dangerous_to_lose(its_type: str, properties: dict[str, Any], dangerous: bool) -> None:
    old = resource(its_type, properties, DeletionPolicy="Delete")
    change = between({"It": old}, {})["It"]
    assert change.kind is Kind.DELETES
    assert change.dangerous is dangerous


def test_a_confirmed_loss_is_no_danger() -> None:
    before = templates(data=template(A=resource(QUEUE), B=resource(BUCKET)))
    found = compare(before, templates(data=template()))
    assert [change.logical_id for change in found.dangers()] == ["A", "B"]
    assert [change.logical_id for change in found.dangers(["A"])] == ["B"]
    assert found.dangers(["A", "data/B"]) == []
    assert found.unknown(["A", "other/B", "C"]) == ["other/B", "C"]
