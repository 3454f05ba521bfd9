"""What is recorded of requests and connections, beside what the services log."""

from typing import Literal

from pydantic import Field

from config.section import Section, Without

# What a part says that nobody has thought about; prod has to think about it.
NOT_RECORDED = Without(reason="outside of prod the services' own logs tell enough of what comes in")


class AccessLogsConfig(Section):
    """A line for each request that the load balancer takes, in a bucket that holds nothing else.

    AWS writes a file every five minutes, and charges what S3 charges.
    """

    expire_days: int = Field(default=90, ge=1, le=3650)
    """Days after which they are deleted."""


class FlowLogsConfig(Section):
    """A line for each connection in the VPC, by addresses, ports, and whether a rule refused it."""

    traffic: Literal["REJECT", "ALL"] = "REJECT"
    """Which connections: those that a rule refused, or all, which is many times as much to pay for."""
    destination: Literal["cloudwatch", "s3"] = "cloudwatch"
    """Where they are kept: to be searched at once, or for half the price in a bucket that holds nothing else."""
    aggregation_seconds: Literal[60, 600] = 600
    """Seconds that one line sums up."""
    expire_days: int = Field(default=90, ge=1, le=3650)
    """Days after which those in a bucket are deleted; CloudWatch keeps them as long as other logs."""
