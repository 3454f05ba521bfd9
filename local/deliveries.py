"""What left the embedded cloud: e-mail and SMS from the emulator's stores, the rest from the receiver."""

from typing import Any

from local.settings import Settings
from local.web import UnreachableError, get_json


def emails(settings: Settings) -> list[dict[str, Any]] | None:
    """Every e-mail sent through SES, with `To`, `Subject`, `BodyText`, `Timestamp`; None when the cloud is silent."""
    try:
        stored = get_json(settings, f"{settings.endpoint_url}/_ministack/ses/messages")["messages"]
    except UnreachableError:
        return None
    return list(stored.get(settings.account, []))


def text_messages(settings: Settings) -> list[dict[str, Any]] | None:
    """Every SMS sent through SNS, with `PhoneNumber` and `Message`; None when the cloud is silent."""
    try:
        stored = get_json(settings, f"{settings.endpoint_url}/_ministack/sns/sms-messages")["sms_messages"]
    except UnreachableError:
        return None
    return [message for messages in stored.values() for message in messages]


def received(settings: Settings, channel: str) -> list[dict[str, Any]] | None:
    """Every delivery that the receiver has kept of a channel (webhook, telegram); None when it is silent."""
    try:
        return list(get_json(settings, f"{settings.receiver_url}/received?channel={channel}"))
    except UnreachableError:
        return None
