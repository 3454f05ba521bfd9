"""What an answer other than success says about another attempt."""

import re

from botocore.exceptions import BotoCoreError, ClientError
from httpx import Response, codes

from services.failures import PermanentError, TransientError

# Of the status codes below 500, those that may pass: everything else is about the request itself.
_PASSING = {codes.REQUEST_TIMEOUT, codes.TOO_EARLY, codes.TOO_MANY_REQUESTS}
# Retry-After as a number: eleven days at most, and not so many digits that they are no number any more.
_SECONDS = re.compile(r"[0-9]{1,6}")
# Of the errors that AWS blames on the caller, those that pass: throttling and quotas by themselves, and the faults of
# the account that its operator mends while the message waits (permissions, credentials, paused sending).
_PASSING_AWS = {
    "AccessDenied",
    "AccessDeniedException",
    "AccountSendingPausedException",
    "AuthorizationError",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "KMSThrottling",
    "LimitExceeded",
    "LimitExceededException",
    "RequestExpired",
    "RequestLimitExceeded",
    "SignatureDoesNotMatch",
    "Throttled",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "UnrecognizedClientException",
}


def of_aws(service: str, error: BotoCoreError | ClientError) -> PermanentError | TransientError:
    """What an error of an AWS service means."""
    if not isinstance(error, ClientError):
        # No answer: the network, a timeout, no credentials.
        return TransientError(f"{service} did not answer: {error}")
    code = error.response["Error"]["Code"]
    reason = f"{service} refused: {code}: {error.response['Error'].get('Message', '')}"
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if status >= codes.INTERNAL_SERVER_ERROR or code in _PASSING_AWS:
        return TransientError(reason)
    return PermanentError(reason)


def of_status(who: str, response: Response, explanation: str = "") -> PermanentError | TransientError:
    """What an HTTP answer other than success means."""
    reason = f"{who} answered {response.status_code} {codes.get_reason_phrase(response.status_code)}".strip()
    if explanation:
        reason = f"{reason}: {explanation}"
    if response.is_redirect:
        return PermanentError(f"{reason}; redirects are not followed")
    if response.status_code in _PASSING or response.is_server_error:
        wait = response.headers.get("retry-after", "")
        return TransientError(reason, retry_after_seconds=int(wait) if _SECONDS.fullmatch(wait) else 0)
    return PermanentError(reason)
