"""SMS through SNS."""

from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from services.aws import bounded
from services.channels.failures import of_aws
from services.messages import Message

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class SmsChannel:
    """Publishes to phone numbers directly, as transactional messages."""

    def __init__(self) -> None:
        self._client: SNSClient = boto3.client("sns", config=bounded(timeout_seconds=5))

    def deliver(self, message: Message) -> None:
        """Raises PermanentError or TransientError."""
        try:
            self._client.publish(
                PhoneNumber=message.recipient,
                Message=message.text,
                MessageAttributes={"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}},
            )
        except (BotoCoreError, ClientError) as error:
            raise of_aws("SNS", error) from None
