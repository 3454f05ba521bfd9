"""A request for what a customer key encrypts is a request for the key as well, through the service that keeps it.

Sources: the pages on key management of the developer guides of SQS ("Configure KMS permissions"), SNS, S3 and Secrets
Manager; the AWS managed keys (`alias/aws/…`) ask nobody.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ministack.services import kms, s3, secretsmanager, sns, sqs

_ENCRYPTING, _READING = ("kms:GenerateDataKey",), ("kms:Decrypt",)
_BOTH = (*_ENCRYPTING, *_READING)
ACTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # SQS reuses data keys, which it has to decrypt before it encrypts the next message with one.
        "sqs:SendMessage": _BOTH,
        "sqs:ReceiveMessage": _READING,
        "sns:Publish": _BOTH,
        "s3:PutObject": _ENCRYPTING,
        "s3:GetObject": _READING,
        "secretsmanager:GetSecretValue": _READING,
        "secretsmanager:PutSecretValue": _BOTH,
    }
)
"""What is asked for the key besides each action."""
# By what each service calls the resource in the encryption context, which policies may be conditioned on.
_CONTEXTS: Mapping[str, str] = MappingProxyType(
    {"sqs": "aws:sqs:arn", "sns": "aws:sns:topicArn", "s3": "aws:s3:arn", "secretsmanager": "SecretARN"}
)
_KEY_IN_BUCKET = re.compile(r"<KMSMasterKeyID>([^<]+)</KMSMasterKeyID>")


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """An action on a key, through a service."""

    action: str
    key: str
    """ARN."""
    context: Mapping[str, str]
    """Condition keys with their values."""


def asking_for_keys(enforce: Callable[..., Any]) -> Callable[..., Any]:
    """Ask for the key when the resource is allowed."""

    def enforce_both(
        access_key: str, action: str, service: str, region: str, resource_arn: str = "*", **named: Any
    ) -> Any:
        denied = enforce(access_key, action, service, region, resource_arn=resource_arn, **named)
        for asked in () if denied else questions(action, resource_arn, region):
            denied = denied or enforce(
                access_key, asked.action, "kms", region, resource_arn=asked.key, service_context=dict(asked.context)
            )
        return denied

    return enforce_both


def questions(action: str, resource: str, region: str) -> list[Question]:
    """What is asked for the key of a resource, besides an action on it; nothing where it has no customer key."""
    service = action.partition(":")[0]
    key = key_of(service, resource) if action in ACTIONS else None
    if key is None:
        return []
    context = {
        "kms:ViaService": f"{service}.{region}.amazonaws.com",
        "kms:CallerAccount": key.split(":")[4],
        f"kms:EncryptionContext:{_CONTEXTS[service]}": resource,
    }
    return [Question(action=asked, key=key, context=context) for asked in ACTIONS[action]]


def key_of(service: str, resource: str) -> str | None:
    """ARN of the customer key that a queue, topic, bucket or secret is encrypted with; None if there is none."""
    identifier = _LOOKUPS[service](resource) if service in _LOOKUPS else None
    if not identifier or "alias/aws/" in identifier:
        return None
    found = kms._resolve_key(identifier)
    return str(found["Arn"]) if found else None


def _of_queue(arn: str) -> str | None:
    for queue in sqs._queues.values():
        if queue["attributes"].get("QueueArn") == arn:
            return queue["attributes"].get("KmsMasterKeyId") or None
    return None


def _of_topic(arn: str) -> str | None:
    topic = sns._topics.get(arn) or {}
    return (topic.get("attributes") or {}).get("KmsMasterKeyId") or None


def _of_bucket(arn: str) -> str | None:
    bucket = arn.removeprefix("arn:aws:s3:::").partition("/")[0]
    found = _KEY_IN_BUCKET.search(str(s3._bucket_encryption.get(bucket) or ""))
    return found[1] if found else None


def _of_secret(arn: str) -> str | None:
    _, secret = secretsmanager._resolve(arn, use_arn_scope=True)
    return (secret or {}).get("KmsKeyId") or None


_LOOKUPS: Mapping[str, Callable[[str], str | None]] = MappingProxyType(
    {"sqs": _of_queue, "sns": _of_topic, "s3": _of_bucket, "secretsmanager": _of_secret}
)
