"""Telegram through the Bot API."""

import json
from contextlib import suppress

import httpx

from services.channels.failures import of_status
from services.channels.http import bounded_content, delivery_time, describe, http_client
from services.channels.targets import Targets
from services.failures import TransientError
from services.messages import Message
from services.secret_values import SecretUnavailableError, SecretValues

_MAX_EXPLANATION_CHARACTERS = 200


class TelegramChannel:
    """Sends as the bot whose token the secret holds: as plain text, or as `token` of a JSON object."""

    def __init__(self, secrets: SecretValues, *, secret_arn: str, base_url: str) -> None:
        # Its own, since nobody but the operator chooses where it leads.
        self._client = http_client(Targets.of_url(base_url))
        self._secrets = secrets
        self._secret_arn = secret_arn
        self._base_url = base_url.rstrip("/")

    def deliver(self, message: Message) -> None:
        """Raises PermanentError or TransientError."""
        with delivery_time():
            self._deliver(message)

    def _deliver(self, message: Message) -> None:
        token = self._token(fresh=False)
        response, content = self._send(token, message)
        if _token_refused(response) and (current := self._token(fresh=True)) != token:
            response, content = self._send(current, message)
        if response.is_success:
            return
        if _token_refused(response):
            # Not the message's fault: it waits for a valid token.
            raise TransientError(f"Telegram refused the bot's token ({response.status_code})")
        explanation, retry_after = _details(content)
        failure = of_status("Telegram", response, explanation)
        if isinstance(failure, TransientError) and retry_after:
            failure.retry_after_seconds = retry_after
        raise failure

    def _send(self, token: str, message: Message) -> tuple[httpx.Response, bytes]:
        """Telegram's answer, and its body if it is a refusal."""
        url = f"{self._base_url}/bot{token}/sendMessage"
        try:
            with self._client.stream(
                "POST", url, json={"chat_id": message.recipient, "text": message.text}
            ) as response:
                if not response.is_success:
                    return response, bounded_content(response)
                # Read only for the connection to be of further use: the message is sent, and must not be sent again.
                with suppress(httpx.HTTPError):
                    bounded_content(response)
                return response, b""
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = describe(error) if isinstance(error, httpx.HTTPError) else "its address cannot be used"
            raise TransientError(f"Telegram cannot be reached: {reason}") from None

    def _token(self, *, fresh: bool) -> str:
        try:
            secret = self._secrets.text(self._secret_arn, fresh=fresh)
            if not secret.lstrip().startswith("{"):
                return secret.strip()
            (token,) = self._secrets.fields(self._secret_arn, "token")
        except SecretUnavailableError as error:
            raise TransientError(f"the bot's token cannot be read: {error}") from None
        return token


def _token_refused(response: httpx.Response) -> bool:
    # 404 is the answer to a token that has not even the form of one.
    return response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.NOT_FOUND)


def _details(content: bytes) -> tuple[str, int]:
    """Telegram's own words on a refusal, and the seconds it wants to be left alone."""
    try:
        answer = json.loads(content)
        description = str(answer.get("description") or "")[:_MAX_EXPLANATION_CHARACTERS]
        retry_after = answer.get("parameters", {}).get("retry_after", 0)
    except (ValueError, RecursionError, AttributeError):
        return "", 0
    return description, retry_after if isinstance(retry_after, int) else 0
