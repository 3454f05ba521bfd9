"""How a reference that points up is turned round, by what kind it is."""

from collections.abc import Iterator
from dataclasses import dataclass

from assembly.layering.references import Reference

_POLICIES_OF_RESOURCES = (
    "AWS::SQS::QueuePolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::S3::BucketPolicy",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::ECR::Repository",
    "AWS::Backup::BackupVault",
    "AWS::OpenSearchService::Domain",
    "AWS::Lambda::Permission",
)
_POLICIES_OF_ROLES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role")
_RULES = ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroup")


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How references of one kind are turned round; `{lower}` and `{upper}` stand for the two stacks."""

    kind: str
    """What the reference is."""
    advice: str
    """What to write instead."""

    def told(self, lower: str, upper: str) -> str:
        """Return the advice for two stacks."""
        return self.advice.format(lower=lower, upper=upper)


RULE = Recipe(
    kind="security-group rule",
    advice="open the connection from {upper}: there, `consumer.connections.allow_to(server, port)` with what {lower} "
    "offers puts the rule into {upper}; take the add_ingress_rule or allow_from out of {lower}",
)
RESOURCE_POLICY = Recipe(
    kind="grant in the policy of a resource",
    advice="grant from the consumer's role: in {upper}, `role.add_to_principal_policy(...)` or the resource's "
    "`grant_…(role)`, which within one account needs no policy of the resource; {lower} names no role of {upper}",
)
ROLE_POLICY = Recipe(
    kind="grant to a role",
    advice="the role stands below what it is let into: move the code that uses the resource, with its role, into "
    "{upper} or above, or the resource into {lower} or below",
)
KEY = Recipe(
    kind="grant in the policy of a key",
    advice="keep the key with what it encrypts, in {lower}, and import that in {upper} without its key (such as "
    "`Secret.from_secret_complete_arn`); there, give the role kms:Decrypt, and kms:GenerateDataKey to write, on the "
    "key's ARN by a statement of its own",
)
NOTIFICATION = Recipe(
    kind="bucket notification",
    advice="let the bucket send its events to EventBridge (`event_bridge_enabled=True` in {lower}), and make the rule "
    "that picks them in {upper}, beside its target",
)
SUBSCRIPTION = Recipe(
    kind="subscription",
    advice="make the subscription in {upper}, beside its endpoint: {lower} offers the topic, and knows no subscriber",
)
ALARM = Recipe(
    kind="alarm action",
    advice="put the topic into a stack below all that have alarms, and hand it up to {lower}: an alarm stands beside "
    "what it watches",
)
EVENT_SOURCE = Recipe(
    kind="event source",
    advice="make the event source in {upper}, beside the function: {lower} offers the queue, and knows no consumer",
)
ENDPOINT = Recipe(
    kind="VPC endpoint",
    advice="let the endpoint in {lower} admit the block of the VPC, or open it from {upper} by "
    "`consumer.connections.allow_to(endpoint, port)`",
)
OUTPUT = Recipe(
    kind="output",
    advice="make the output in {upper}, which has the value",
)
OTHER = Recipe(
    kind="reference",
    advice="hand the resource the other way: make it in {lower} or below and pass it up to {upper}, or move what "
    "refers to it into {upper}",
)


def recipe_for(reference: Reference) -> Recipe:
    """Return how a reference is turned round that stands in the lower of two stacks and names the upper."""
    if reference.section == "Outputs":
        return OUTPUT
    return next(_recipes(reference.resource_type, reference.place), OTHER)


def _recipes(resource_type: str, place: str) -> Iterator[Recipe]:
    if resource_type in _RULES and (
        resource_type != _RULES[-1] or "SecurityGroupIngress" in place or "Egress" in place
    ):
        yield RULE
    if resource_type == "AWS::KMS::Key":
        yield KEY
    if resource_type in _POLICIES_OF_RESOURCES and ("Polic" in place or resource_type == "AWS::Lambda::Permission"):
        yield RESOURCE_POLICY
    if resource_type in _POLICIES_OF_ROLES:
        yield ROLE_POLICY
    if resource_type == "Custom::S3BucketNotifications" or "NotificationConfiguration" in place:
        yield NOTIFICATION
    if resource_type == "AWS::SNS::Subscription":
        yield SUBSCRIPTION
    if resource_type in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm") and "Actions" in place:
        yield ALARM
    if resource_type == "AWS::Lambda::EventSourceMapping":
        yield EVENT_SOURCE
    if resource_type == "AWS::EC2::VPCEndpoint":
        yield ENDPOINT
