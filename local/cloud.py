"""Talking to the embedded cloud: clients, health, and what is deployed in it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import urlsplit, urlunsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.environment import ADMINISTRATOR_SECRET
from local.errors import LocalError
from local.settings import Settings
from local.web import UnreachableError, get_json

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient

# Loopback answers at once or not at all; a person waits for each of these calls.
CLIENT_CONFIG = Config(connect_timeout=3, read_timeout=20, retries={"total_max_attempts": 2, "mode": "standard"})
BOOTSTRAP_STACK = "CDKToolkit"


class ClientOptions(TypedDict):
    """Keyword arguments common to every client."""

    endpoint_url: str
    verify: str
    config: Config


def session(settings: Settings) -> boto3.Session:
    """A session as the account's administrator, whatever the calling shell is set up for."""
    return boto3.Session(
        aws_access_key_id=settings.account,
        aws_secret_access_key=ADMINISTRATOR_SECRET,
        region_name=settings.region,
    )


def client_options(settings: Settings) -> ClientOptions:
    """What every client of this cloud is created with: `session(…).client("sqs", **client_options(…))`."""
    return {"endpoint_url": settings.endpoint_url, "verify": str(settings.ca_bundle), "config": CLIENT_CONFIG}


def is_healthy(settings: Settings) -> bool:
    """Whether the cloud answers."""
    try:
        get_json(settings, f"{settings.endpoint_url}/_ministack/ready", timeout_seconds=2)
    except UnreachableError:
        return False
    return True


@dataclass(frozen=True, kw_only=True, slots=True)
class DeployedStack:
    """A stack as CloudFormation knows it."""

    name: str
    status: str
    outputs: dict[str, str]


class Cloud:
    """What is deployed, read through the AWS API."""

    def __init__(self, settings: Settings) -> None:
        """Talk to the cloud of these settings; nothing is called yet."""
        self._settings = settings
        self._cloudformation: CloudFormationClient = session(settings).client(
            "cloudformation", **client_options(settings)
        )

    def is_bootstrapped(self) -> bool:
        """Whether the CDK's own resources are there."""
        stack = self.stacks().get(BOOTSTRAP_STACK)
        return stack is not None and stack.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}

    def stacks(self) -> dict[str, DeployedStack]:
        """Every stack that exists, by name.

        Raises:
            LocalError: the cloud does not answer as it should.
        """
        try:
            pages = list(self._cloudformation.get_paginator("describe_stacks").paginate())
        except (BotoCoreError, ClientError) as error:
            raise LocalError(f"the cloud at {self._settings.endpoint_url} did not list its stacks: {error}") from error
        return {
            stack["StackName"]: DeployedStack(
                name=stack["StackName"],
                status=stack["StackStatus"],
                outputs={each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])},
            )
            for page in pages
            for stack in page["Stacks"]
        }

    def reachable(self, url: str) -> str:
        """An address for this machine: a load balancer's DNS name becomes the emulator's path for it."""
        parts = urlsplit(url)
        if not (parts.hostname or "").endswith(".elb.amazonaws.com"):
            return url
        elbv2 = session(self._settings).client("elbv2", **client_options(self._settings))
        for balancer in elbv2.describe_load_balancers()["LoadBalancers"]:
            if balancer["DNSName"].lower() == parts.hostname:
                path = f"/_alb/{balancer['LoadBalancerName']}{parts.path}"
                return urlunsplit(("https", urlsplit(self._settings.endpoint_url).netloc, path, parts.query, ""))
        return url
