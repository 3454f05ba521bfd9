"""Requests to the cloud as a service of AWS sees those that came without TLS."""

from typing import Any

from botocore.awsrequest import AWSPreparedRequest


def over_plain_http(client: Any) -> Any:
    """The client, whose requests count as plain HTTP from now on.

    The embedded cloud has no port without TLS. As behind a proxy that ends TLS, this header says how a request came,
    and what `aws:SecureTransport` is for the policies.
    """

    def mark(request: AWSPreparedRequest, **_: object) -> None:
        request.headers["X-Forwarded-Proto"] = "http"

    client.meta.events.register("before-send", mark)
    return client
