"""How AWS is called: always with a bound on time, so that a slow service cannot hold a request or a batch."""

from botocore.config import Config


def bounded(*, timeout_seconds: float, attempts: int = 2, connections: int = 10) -> Config:
    """Client options: `timeout_seconds` each to connect and to read, `attempts` in all, a pool of `connections`.

    Endpoint, region and certificates are the SDK's own affair (AWS_ENDPOINT_URL, AWS_REGION, AWS_CA_BUNDLE).
    """
    return Config(
        connect_timeout=timeout_seconds,
        read_timeout=timeout_seconds,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        max_pool_connections=connections,
    )
