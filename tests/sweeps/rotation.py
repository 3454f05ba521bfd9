"""Secrets that nothing rotates, each with why, and what is done instead."""

from collections.abc import Mapping

# By the construct that makes the secret: the part of its logical id without hash.
WITHOUT_ROTATION: Mapping[str, str] = {
    "CacheToken": (
        "ElastiCache takes a new token by ModifyReplicationGroup beside the old one, not by a new value of the "
        "secret: a person does it, as docs/operations.md tells"
    ),
    "RabbitMqCredentials": (
        "Amazon MQ changes no user of a RabbitMQ broker by its API: a person does it in the broker, as "
        "docs/operations.md tells"
    ),
    "OpenSearchCredentials": (
        "the domain holds the master user's password, which only an update of the domain changes: a person does it, as "
        "docs/operations.md tells"
    ),
    "ChannelsTelegramToken": "Telegram issues it: BotFather revokes it and gives another one",
}
