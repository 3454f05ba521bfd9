"""The configuration tree of one system in one environment.

Numbers carry their unit in their name. A range on a field is the one the product supports; where AWS's own range is
wider, the narrower one comes from the reference architectures. Rules between fields stand in `config.rules`.
"""

import re
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, Field, HttpUrl, UrlConstraints

_CERTIFICATE_ARN = re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+")


def _is_certificate_arn(value: str) -> str:
    if not _CERTIFICATE_ARN.fullmatch(value):
        message = "not the ARN of an ACM certificate; allowed: arn:aws:acm:REGION:ACCOUNT:certificate/ID"
        raise ValueError(message)
    return value


HttpsUrl = Annotated[HttpUrl, UrlConstraints(allowed_schemes=["https"])]
# The characters and length AWS takes in a tag's value.
TagValue = Annotated[str, Field(max_length=256, pattern=r"^[A-Za-z0-9 _.:/=+@-]+$")]
AcmCertificateArn = Annotated[str, AfterValidator(_is_certificate_arn)]
LogRetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653]


class Section(BaseModel):
    """A frozen part of the tree that knows its fields and refuses all others."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True)


class Lifecycle(StrEnum):
    """What becomes of data when its stack, or the resource in it, is deleted."""

    DESTROY = "destroy"
    """Deleted with the stack, without protection: for environments that are made and thrown away."""
    SNAPSHOT = "snapshot"
    """Protected against deletion; a final snapshot is kept where the service can take one, else the data stays."""
    RETAIN = "retain"
    """Protected against deletion, and left in place when its stack goes."""


class Nat(StrEnum):
    """How private subnets reach the internet."""

    INSTANCE = "instance"
    """One small EC2 instance: the cheapest, gone for as long as its zone is."""
    GATEWAY = "gateway"
    """One NAT gateway, in the first zone."""
    GATEWAY_PER_ZONE = "gateway_per_zone"
    """A NAT gateway in every zone: losing a zone takes no other one's way out."""


class NetworkConfig(Section):
    """The VPC: public subnets for the load balancer, private ones for compute, isolated ones for data."""

    cidr: str
    """Private IPv4 block of the VPC."""
    zones: int = Field(ge=2, le=3)
    """Availability Zones in use."""
    subnet_prefix: int = Field(default=24, ge=20, le=27)
    """Prefix length of every subnet; a load balancer takes no smaller one than /27."""
    nat: Nat
    """How private subnets reach the internet."""


class DatabaseConfig(Section):
    """An Aurora PostgreSQL cluster, Serverless v2."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    """Name of the database inside the cluster."""
    engine_version: str = Field(pattern=r"^(16|17|18)\.\d{1,2}$")
    """Aurora PostgreSQL version, major (16 to 18) and minor."""
    port: int = Field(default=5432, ge=1150, le=65535)
    """TCP port."""
    min_acu: float = Field(ge=0, le=256, multiple_of=0.5)
    """Capacity floor in Aurora Capacity Units; 0 lets an idle cluster pause."""
    max_acu: float = Field(ge=1, le=256, multiple_of=0.5)
    """Capacity ceiling in Aurora Capacity Units."""
    auto_pause_minutes: int | None = Field(default=None, ge=5, le=1440)
    """Idle minutes before a cluster with a floor of 0 pauses; None where the floor is above 0."""
    readers: int = Field(default=0, ge=0, le=15)
    """Readers, each in another zone than the one before; the first one is the failover target."""
    backup_retention_days: int = Field(ge=1, le=35)
    """Days for which any point in time can be restored."""


class QueueConfig(Section):
    """The notification queue and its dead-letter queue."""

    fifo: bool = False
    """First-in-first-out per message group instead of a standard queue."""
    retention_days: int = Field(default=4, ge=4, le=14)
    """Days a message may wait in the queue."""
    dlq_retention_days: int = Field(default=14, ge=4, le=14)
    """Days a message stays in the dead-letter queue."""
    max_receive_count: int = Field(default=5, ge=5, le=1000)
    """Receives after which SQS moves a message to the dead-letter queue; below 5, throttling alone can do it."""
    depth_alarm_messages: int = Field(ge=1, le=1_000_000)
    """Waiting messages from which on the queue counts as backing up."""


class ApiConfig(Section):
    """The HTTP API: a Fargate service behind an Application Load Balancer."""

    port: int = Field(default=3000, ge=1024, le=65535)
    """TCP port the container listens on."""
    cpu_units: int
    """CPU of one task in units of 1/1024 vCPU; with `memory_mib` one of Fargate's pairs."""
    memory_mib: int
    """Memory of one task in MiB."""
    min_tasks: int = Field(ge=1, le=100)
    """Tasks that always run."""
    max_tasks: int = Field(ge=1, le=100)
    """Tasks that autoscaling may start."""
    cpu_target_percent: int = Field(default=70, ge=10, le=90)
    """Average CPU that autoscaling aims at."""
    memory_target_percent: int = Field(default=80, ge=10, le=90)
    """Average memory that autoscaling aims at."""
    requests_per_target_per_minute: int = Field(default=3000, ge=1, le=1_000_000)
    """Load balancer requests per task and minute that autoscaling aims at."""
    database_pool_size: int = Field(default=10, ge=1, le=100)
    """Database connections one task may hold."""
    certificate_arn: AcmCertificateArn | None = None
    """ACM certificate of the HTTPS listener; HTTP then only redirects. None serves plain HTTP, which prod refuses."""


class WorkerConfig(Section):
    """The Lambda function that delivers what is in the queue."""

    memory_mib: int = Field(ge=512, le=1024)
    """Memory in MiB; CPU grows with it."""
    timeout_seconds: int = Field(ge=60, le=300)
    """Longest run of one invocation."""
    reserved_concurrency: int = Field(ge=2, le=1000)
    """Invocations that may run at once; also the event source's maximum, so that no message is received in vain."""
    batch_size: int = Field(default=10, ge=1, le=10)
    """Messages handed to one invocation."""
    batch_window_seconds: int = Field(default=5, ge=0, le=300)
    """Longest wait for a batch to fill."""


class ChannelsConfig(Section):
    """The ways out to the recipients."""

    email_sender: EmailStr
    """Sender address; its domain is a verified SES identity of the account."""
    telegram_base_url: HttpsUrl = HttpUrl("https://api.telegram.org")
    """Where the Telegram Bot API is reached; by HTTPS only, because the bot's token is part of the path."""


class SystemConfig(Section):
    """A whole system in one environment."""

    system: str = Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")
    """Name of the system; part of every stack's name."""
    environment: str = Field(pattern=r"^[a-z][a-z0-9-]{1,15}$")
    """Name of the environment; part of every stack's name, and `APP_ENV` of the workload."""
    owner: TagValue
    """Who answers for it; a tag on every resource."""
    cost_center: TagValue
    """Who pays for it; a tag on every resource."""
    lifecycle: Lifecycle
    """What becomes of data when its stack is deleted."""
    log_retention_days: LogRetentionDays = 30
    """Days CloudWatch keeps logs."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least severity the workload logs."""
    network: NetworkConfig
    database: DatabaseConfig
    queue: QueueConfig
    api: ApiConfig
    worker: WorkerConfig
    channels: ChannelsConfig

    @property
    def visibility_timeout_seconds(self) -> int:
        """Visibility timeout the queue needs.

        Six function timeouts plus the batch window: Lambda's own guidance, so that a throttled batch is not received
        again while it is still being retried.
        """
        return 6 * self.worker.timeout_seconds + self.worker.batch_window_seconds

    @property
    def oldest_message_alarm_seconds(self) -> int:
        """Age from which on a waiting message means that delivery is stuck: more than every retry can explain."""
        return (self.queue.max_receive_count + 1) * self.visibility_timeout_seconds
