"""On the templates of a real system."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from assembly.changes.classify import compare
from assembly.changes.model import Cause, Comparison, Kind
from assembly.changes.sources import TemplateSet, read_set
from tests.stacks.releases import today
from tests.support.changed import changed
from tests.support.synth import configuration, synthesize, synthesize_config

CLUSTER = "NotificationsClusterF92544EA"
QUEUE_STACK = "notifications-prod-queue"


def edited(change: Callable[[dict[str, Any]], None]) -> Comparison:
    """The templates of notifications/prod, against themselves after a change by stack."""
    before, after = (today("notifications", "prod") for _ in range(2))
    after = TemplateSet(
        stacks={
            name: type(stack)(
                name=name,
                id=stack.id,
                template=json.loads(json.dumps(stack.template)),
                region=stack.region,
                depends_on=stack.depends_on,
            )
            for name, stack in after.stacks.items()
        }
    )
    change({name: stack.template for name, stack in after.stacks.items()})
    return compare(before, after)


def kinds(comparison: Comparison) -> dict[str, Kind]:
    return {change.logical_id: change.kind for change in comparison.changes if change.kind is not Kind.UNCHANGED}


def queue_of(templates: dict[str, Any]) -> dict[str, Any]:
    """The queue with a redrive policy; the other is its DLQ."""
    (found,) = (
        resource
        for resource in templates[QUEUE_STACK]["Resources"].values()
        if resource["Type"] == "AWS::SQS::Queue" and "RedrivePolicy" in resource["Properties"]
    )
    return dict(found)


def test_against_itself_nothing_changes() -> None:
    comparison = edited(lambda templates: templates.clear())
    assert kinds(comparison) == {}
    assert comparison.consumers == ()


def test_a_longer_visibility_timeout_changes_one_queue_in_place() -> None:
    comparison = edited(lambda templates: queue_of(templates)["Properties"].update(VisibilityTimeout=900))
    assert list(kinds(comparison).values()) == [Kind.IN_PLACE]
    assert comparison.dangers() == []


def test_a_replaced_queue_strands_api_and_worker() -> None:
    comparison = edited(lambda templates: queue_of(templates)["Properties"].update(QueueName="another"))
    (danger,) = comparison.dangers()
    assert (danger.kind, danger.type) == (Kind.REPLACES, "AWS::SQS::Queue")
    stacks = [consumer.stack_id for consumer in comparison.consumers]
    assert {"Api", "Worker"} <= set(stacks)
    if "Monitoring" in stacks:
        assert stacks[-1] == "Monitoring"
    # The event source is bound to its queue at creation.
    assert Kind.REPLACES in {
        change.kind for change in comparison.changes if change.type == "AWS::Lambda::EventSourceMapping"
    }


def test_another_network_takes_the_database_with_it() -> None:
    def move(templates: dict[str, Any]) -> None:
        resources = templates["notifications-prod-network"]["Resources"].values()
        (vpc,) = (each for each in resources if each["Type"] == "AWS::EC2::VPC")
        vpc["Properties"]["CidrBlock"] = "10.9.0.0/16"

    comparison = edited(move)
    found = {change.type: change.kind for change in comparison.changes}
    assert found["AWS::EC2::Subnet"] is Kind.REPLACES
    assert found["AWS::ElasticLoadBalancingV2::TargetGroup"] is Kind.REPLACES
    # A subnet group takes other subnets in place, though AWS moves no cluster that is in it to another VPC.
    order = [consumer.stack_id for consumer in comparison.consumers]
    assert order.index("Database") < order.index("Api")
    assert order.index("Database") < order.index("Worker")


@pytest.mark.parametrize("name", ["Kept", "StoreABC"])
def test_a_renamed_cluster(name: str) -> None:
    def rename(templates: dict[str, Any]) -> None:
        for template in templates.values():
            renamed = json.loads(json.dumps(template).replace(CLUSTER, name))
            template.clear()
            template.update(renamed)

    (danger,) = edited(rename).dangers()
    assert (danger.logical_id, danger.cause) == (CLUSTER, Cause.RENAMED)
    assert danger.successor == ("notifications-prod-database", name)


def test_customer_keys_replace_what_takes_its_key_at_creation_only() -> None:
    """Turned on for data that is there already, each database would be made anew, and empty."""
    without = read_set(synthesize_config(changed(configuration("platform", "prod"), customer_keys=False)).folder)
    comparison = compare(without, read_set(synthesize("platform", "prod").folder))
    dangers = {danger.type: danger.kind for danger in comparison.dangers()}
    for its_type in ("AWS::RDS::DBInstance", "AWS::ElastiCache::ReplicationGroup", "AWS::Backup::BackupVault"):
        assert dangers[its_type] is Kind.REPLACES, its_type
