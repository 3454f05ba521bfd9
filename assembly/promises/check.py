"""Compares what stands in different templates of an assembly."""

from collections.abc import Iterator
from dataclasses import dataclass

from assembly.templates import Assembly, Resource

RECEIVES_PER_TIMEOUT = 6
"""Visibility timeouts that AWS asks for: six timeouts of the function, plus the batch window.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""
RULES = (
    "visibility_outlasts_retries",
    "pollers_keep_to_reserved",
    "far_dlq_keeps_longer",
    "far_dlq_has_alarm",
    "data_is_in_private_subnets",
)
"""All promises that are looked at here."""
# AWS's own values where a template leaves them out, in seconds.
_VISIBILITY, _FUNCTION_TIMEOUT, _RETENTION = 30, 3, 345_600
_QUEUE = "AWS::SQS::Queue"
_EVERYWHERE = ("0.0.0.0/0", "::/0")
# What holds data, and where it names the subnets it stands in.
_HOLDING = {
    "AWS::RDS::DBSubnetGroup": "SubnetIds",
    "AWS::ElastiCache::SubnetGroup": "SubnetIds",
    "AWS::AmazonMQ::Broker": "SubnetIds",
    "AWS::OpenSearchService::Domain": "VPCOptions",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """One promise that one resource does not keep."""

    rule: str
    resource: Resource
    why: str
    fix: str

    def __str__(self) -> str:
        """Give it in two lines."""
        place = f"{self.resource.stack}: {self.resource.path} ({self.resource.type})"
        return f"{self.rule}  {place}\n    why: {self.why}\n    fix: {self.fix}"


def check(assembly: Assembly) -> list[Broken]:
    """Return every promise across templates that is not kept."""
    return [*_mappings(assembly), *_far_dead_letter_queues(assembly), *_ways_in(assembly)]


def _mappings(assembly: Assembly) -> Iterator[Broken]:
    """Yield the queues that hand a message out again too early, and the pollers that receive more than is handled."""
    for mapping in assembly.of_type("AWS::Lambda::EventSourceMapping"):
        functions = _referenced(assembly, mapping, "FunctionName", "AWS::Lambda::Function")
        for function in functions:
            for queue in _referenced(assembly, mapping, "EventSourceArn", _QUEUE):
                yield from _visibility(queue, function, mapping)
            yield from _pollers(mapping, function)


def _visibility(queue: Resource, function: Resource, mapping: Resource) -> Iterator[Broken]:
    timeout, window = function.number("Timeout", _FUNCTION_TIMEOUT), mapping.number("MaximumBatchingWindowInSeconds", 0)
    needed, stated = RECEIVES_PER_TIMEOUT * timeout + window, queue.number("VisibilityTimeout", _VISIBILITY)
    if stated < needed:
        yield Broken(
            rule="visibility_outlasts_retries",
            resource=queue,
            why=f"The queue hands a message out again after {stated} s, while {function.path} may still work on it",
            fix=f"set VisibilityTimeout to {needed} s or more: {RECEIVES_PER_TIMEOUT} x {timeout} s + {window} s",
        )


def _pollers(mapping: Resource, function: Resource) -> Iterator[Broken]:
    if "ReservedConcurrentExecutions" not in function.properties:
        return
    reserved = function.number("ReservedConcurrentExecutions", 0)
    scaling = mapping.value("ScalingConfig", {})
    most = scaling.get("MaximumConcurrency") if isinstance(scaling, dict) else None
    if isinstance(most, int) and most > reserved:
        yield Broken(
            rule="pollers_keep_to_reserved",
            resource=mapping,
            why=f"{most} batches are received at once, of which the function may handle {reserved}",
            fix="set ScalingConfig.MaximumConcurrency to at most ReservedConcurrentExecutions of the function",
        )


def _far_dead_letter_queues(assembly: Assembly) -> Iterator[Broken]:
    """Yield what is wrong with a dead-letter queue in another stack than its queue."""
    watched = {
        queue
        for alarm in assembly.of_type("AWS::CloudWatch::Alarm")
        if alarm.value("MetricName") == "ApproximateNumberOfMessagesVisible"
        for queue in assembly.referenced(alarm.value("Dimensions", []), alarm.stack)
    }
    for queue in assembly.of_type(_QUEUE):
        redrive = queue.value("RedrivePolicy", {})
        target = redrive.get("deadLetterTargetArn") if isinstance(redrive, dict) else None
        for dlq in assembly.referenced(target, queue.stack):
            if dlq.stack == queue.stack:
                continue
            if dlq.number("MessageRetentionPeriod", _RETENTION) <= queue.number("MessageRetentionPeriod", _RETENTION):
                yield Broken(
                    rule="far_dlq_keeps_longer",
                    resource=dlq,
                    why="A message keeps its age when it moves here: it could expire before anybody looks",
                    fix=f"set MessageRetentionPeriod to more than that of {queue.path}",
                )
            if dlq not in watched:
                yield Broken(
                    rule="far_dlq_has_alarm",
                    resource=dlq,
                    why="Messages that cannot be handled gather unseen",
                    fix="add an alarm on ApproximateNumberOfMessagesVisible of this queue",
                )


def _ways_in(assembly: Assembly) -> Iterator[Broken]:
    """Yield what holds data in a subnet that the internet is routed to."""
    public = {
        subnet
        for association in assembly.of_type("AWS::EC2::SubnetRouteTableAssociation")
        if _tables(assembly, association) & _public_tables(assembly)
        for subnet in _referenced(assembly, association, "SubnetId", "AWS::EC2::Subnet")
    }
    for resource_type, name in _HOLDING.items():
        for holder in assembly.of_type(resource_type):
            among = sorted(each.path for each in assembly.referenced(holder.value(name, []), holder.stack) & public)
            if among:
                yield Broken(
                    rule="data_is_in_private_subnets",
                    resource=holder,
                    why=f"Data stands in subnets with a route to the internet: {', '.join(among)}",
                    fix="name subnets without a route to an internet gateway",
                )


def _public_tables(assembly: Assembly) -> set[Resource]:
    return {
        table
        for route in assembly.of_type("AWS::EC2::Route")
        if "GatewayId" in route.properties
        and {route.value("DestinationCidrBlock"), route.value("DestinationIpv6CidrBlock")} & set(_EVERYWHERE)
        for table in _tables(assembly, route)
    }


def _tables(assembly: Assembly, holder: Resource) -> set[Resource]:
    return set(_referenced(assembly, holder, "RouteTableId", "AWS::EC2::RouteTable"))


def _referenced(assembly: Assembly, holder: Resource, name: str, resource_type: str) -> list[Resource]:
    found = assembly.referenced(holder.value(name), holder.stack)
    return sorted((each for each in found if each.type == resource_type), key=lambda each: each.path)
