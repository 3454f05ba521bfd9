"""The HTTP client of webhook and Telegram."""

import ssl

import httpx

# Together with the database's share this stays well below the function's shortest timeout of 60 s.
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)


def http_client() -> httpx.Client:
    """A client that verifies certificates (SSL_CERT_FILE names another store) and follows no redirect."""
    return httpx.Client(
        timeout=_TIMEOUT,
        follow_redirects=False,
        limits=httpx.Limits(max_connections=20, max_keepalive_connections=5),
        headers={"User-Agent": "notifications/1"},
    )


def describe(error: httpx.HTTPError) -> str:
    """Why there was no answer, without the URL."""
    if isinstance(error, httpx.TimeoutException):
        return "timed out"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {cause.verify_message}"
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__
