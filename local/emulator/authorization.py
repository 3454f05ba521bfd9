"""Corrections to what MiniStack asks IAM: the actions, resources and condition keys that AWS documents.

Source: the Service Authorization Reference's pages on SQS, SNS and SES.
"""

from collections.abc import Callable, Mapping
from email.utils import parseaddr
from typing import Any

from ministack.core import iam_actions
from ministack.services import ses

_SES_SENDING = frozenset({"ses:SendEmail", "ses:SendRawEmail", "ses:SendTemplatedEmail", "ses:SendBulkTemplatedEmail"})


def install() -> None:
    """Put the corrections in place; MiniStack looks these functions up at every request."""
    iam_actions.extract_iam_action = _batches_as_single(iam_actions.extract_iam_action)
    iam_actions.extract_resource_arn = _identity_of_sender(iam_actions.extract_resource_arn)
    iam_actions.request_tag_context = _sender_as_context(iam_actions.request_tag_context)


def _batches_as_single(extract: Callable[..., str | None]) -> Callable[..., str | None]:
    """SQS and SNS have no permissions for batches: `DeleteMessageBatch` takes `sqs:DeleteMessage`, and so on."""

    def extract_iam_action(*request: Any) -> str | None:
        action = extract(*request)
        return action.removesuffix("Batch") if action and action.startswith(("sqs:", "sns:")) else action

    return extract_iam_action


def _identity_of_sender(extract: Callable[..., str]) -> Callable[..., str]:
    """Sending mail is a request for the sender's identity: the domain if only that is verified, else the address."""

    def extract_resource_arn(service: str, *request: Any) -> str:
        resource = extract(service, *request)
        *_, query, region, account = request
        sender = _sender(query) if service == "ses" and resource == "*" else ""
        if not sender:
            return resource
        domain = sender.rpartition("@")[2]
        identity = domain if domain in ses._identities and sender not in ses._identities else sender
        return f"arn:aws:ses:{region}:{account}:identity/{identity}"

    return extract_resource_arn


def _sender_as_context(extract: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Policies may be conditioned on `ses:FromAddress`."""

    def request_context(service: str, action: str, body: bytes, query: Mapping[str, Any]) -> dict[str, Any]:
        context = extract(service, action, body, query)
        sender = _sender(query) if action in _SES_SENDING else ""
        return {**context, "ses:FromAddress": sender} if sender else context

    return request_context


def _sender(query: Mapping[str, Any]) -> str:
    source = query.get("Source") or ""
    return parseaddr(source[0] if isinstance(source, list) else source)[1]
