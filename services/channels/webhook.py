"""Webhooks: an HTTPS POST to the recipient."""

from collections.abc import Collection

import httpx

from services.channels.failures import of_status
from services.channels.http import delivery_time, describe, http_client
from services.channels.targets import Targets
from services.failures import PermanentError, TransientError
from services.messages import Message


class WebhookChannel:
    """Posts `{"id", "subject"?, "body"}` as JSON; any 2xx means that the receiver took it.

    The recipient's host must have public addresses only, unless it is one of `hosts_allowed_inside`.
    """

    def __init__(self, hosts_allowed_inside: Collection[str]) -> None:
        self._client = http_client(Targets.of_hosts(hosts_allowed_inside))

    def deliver(self, message: Message) -> None:
        """Raises PermanentError or TransientError."""
        content = message.model_dump(mode="json", include={"id", "subject", "body"}, exclude_none=True)
        # The receiver can recognise a repeated delivery by the key.
        headers = {"Idempotency-Key": str(message.id)}
        try:
            # As a stream, because nothing of the answer but its status matters, however long it is.
            with (
                delivery_time(),
                self._client.stream("POST", message.recipient, json=content, headers=headers) as response,
            ):
                if not response.is_success:
                    raise of_status("the webhook", response)
        except httpx.InvalidURL:
            # Its text quotes the URL.
            raise PermanentError("the webhook's URL cannot be used") from None
        except httpx.HTTPError as error:
            raise TransientError(f"the webhook cannot be reached: {describe(error)}") from None
