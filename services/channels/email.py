"""E-mail through SES."""

from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from services.aws import bounded
from services.channels.failures import of_aws
from services.messages import Message

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient

# SES requires a subject; mail without one lands in the spam folder.
_SUBJECT = "Notification"


class EmailChannel:
    """Sends plain text from one verified address."""

    def __init__(self, sender: str) -> None:
        self._sender = sender
        self._client: SESClient = boto3.client("ses", config=bounded(timeout_seconds=5))

    def deliver(self, message: Message) -> None:
        """Raises PermanentError or TransientError."""
        try:
            self._client.send_email(
                Source=self._sender,
                Destination={"ToAddresses": [message.recipient]},
                Message={
                    "Subject": {"Data": message.subject or _SUBJECT, "Charset": "UTF-8"},
                    "Body": {"Text": {"Data": message.body, "Charset": "UTF-8"}},
                },
            )
        except (BotoCoreError, ClientError) as error:
            raise of_aws("SES", error) from None
