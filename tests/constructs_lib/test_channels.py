"""Decisions of the channels: a consumer gets those it names, and of each no more than sending takes."""

from typing import Any, get_args

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_iam as iam

from config.model import Channel, ChannelsConfig, Lifecycle
from constructs_lib.channels import Channels, lead_outside, ports_of
from tests.support.given import template_of, topic

CONFIG = ChannelsConfig(email_sender="notifications@example.com")
EVERY: tuple[Channel, ...] = get_args(Channel)
READING_A_SECRET = ("secretsmanager:GetSecretValue",)


def allowed(*channels: Channel) -> dict[str, dict[str, Any]]:
    """Statements by their actions, of a role that was given these channels of all that its stack has."""

    def build(stack: cdk.Stack) -> None:
        role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
        made = Channels(stack, "Channels", config=CONFIG, used=EVERY, lifecycle=Lifecycle.DESTROY)
        made.allow(role, channels)

    policies = template_of(build).find_resources("AWS::IAM::Policy").values()
    return {
        ",".join(one["Action"]) if isinstance(one["Action"], list) else one["Action"]: one
        for policy in policies
        for one in policy["Properties"]["PolicyDocument"]["Statement"]
    }


def variables(*channels: Channel, config: ChannelsConfig = CONFIG) -> dict[str, str]:
    found: dict[str, str] = {}

    def build(stack: cdk.Stack) -> None:
        made = Channels(stack, "Channels", config=config, used=EVERY, lifecycle=Lifecycle.DESTROY)
        found.update(made.variables(channels))

    template_of(build)
    return found


def made_for(*channels: Channel, lifecycle: Lifecycle = Lifecycle.DESTROY) -> assertions.Template:
    def build(stack: cdk.Stack) -> None:
        # CloudFormation takes no template without resources.
        topic(stack)
        Channels(stack, "Channels", config=CONFIG, used=channels, lifecycle=lifecycle)

    return template_of(build)


@pytest.mark.parametrize(
    ("channel", "actions"),
    [
        ("email", {"ses:SendEmail"}),
        ("sms", {"sns:Publish"}),
        ("telegram", {",".join(READING_A_SECRET)}),
        # The way out is a rule of its security group.
        ("webhook", set()),
    ],
)
def test_a_channel_allows_its_own_sending_only(channel: Channel, actions: set[str]) -> None:
    assert set(allowed(channel)) == actions


def test_email_is_sent_from_the_configured_address_only() -> None:
    """In SES's sandbox the recipient's identity is asked for too, so the sender is bound by the condition."""
    statement = allowed("email")["ses:SendEmail"]
    assert str(statement["Resource"]).endswith(":identity/*']]}")
    assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": "notifications@example.com"}}


def test_sms_reach_numbers_and_no_topic() -> None:
    """Numbers have no ARN, so every topic is left out instead."""
    statement = allowed("sms")["sns:Publish"]
    assert "Resource" not in statement
    assert ":sns:*:*:*" in str(statement["NotResource"])


@pytest.mark.parametrize(
    ("channel", "names"),
    [
        ("email", {"EMAIL_SENDER"}),
        ("sms", set()),
        ("webhook", set()),
        ("telegram", {"TELEGRAM_SECRET_ARN", "TELEGRAM_BASE_URL"}),
    ],
)
def test_a_channel_is_told_by_its_own_variables_only(channel: Channel, names: set[str]) -> None:
    assert set(variables(channel)) == names


def test_telegrams_address_ends_without_slash() -> None:
    """Code appends a path that begins with one."""
    assert variables("telegram")["TELEGRAM_BASE_URL"] == "https://api.telegram.org"


def test_only_telegram_needs_a_secret() -> None:
    made_for("email", "sms", "webhook").resource_count_is("AWS::SecretsManager::Secret", 0)
    made_for("telegram").resource_count_is("AWS::SecretsManager::Secret", 1)


@pytest.mark.parametrize(
    ("lifecycle", "policy"),
    [(Lifecycle.DESTROY, "Delete"), (Lifecycle.SNAPSHOT, "Retain"), (Lifecycle.RETAIN, "Retain")],
)
def test_the_token_stays_where_data_does(lifecycle: Lifecycle, policy: str) -> None:
    """A person put it in; no deployment can make it again."""
    (secret,) = made_for("telegram", lifecycle=lifecycle).find_resources("AWS::SecretsManager::Secret").values()
    assert secret["DeletionPolicy"] == policy


def test_only_webhooks_ask_for_more_than_https() -> None:
    """A recipient chooses the port of its webhook; everything else answers on 443."""
    assert [port.to_string() for port in ports_of(("email", "sms", "telegram"))] == ["443"]
    assert [port.to_string() for port in ports_of(("email", "webhook"))] == ["443", "1024-65535"]


def test_only_webhooks_and_telegram_lead_outside_of_aws() -> None:
    """E-mail and SMS are handed to AWS, which has endpoints for both inside a VPC."""
    found = {channel: lead_outside((channel,)) for channel in get_args(Channel)}
    assert found == {"email": False, "sms": False, "webhook": True, "telegram": True}


def test_email_without_sender_is_refused() -> None:
    with pytest.raises(ValueError, match=r"channels.email_sender is missing"):
        variables("email", config=ChannelsConfig())
