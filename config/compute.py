"""Everything that runs: services and the queue worker, and what they use."""

from typing import Literal

from pydantic import EmailStr, Field, HttpUrl

from config.authentication import AuthenticationConfig
from config.network import Route
from config.section import HostsInside, HttpsUrl, Key, Section, Without

Channel = Literal["email", "sms", "webhook", "telegram"]


class Uses(Section):
    """What code uses of the system. Network path, permission, secret and variables all follow from it."""

    database: Key | None = None
    """One of the system's databases."""
    queue: bool = False
    """The queue, to send to."""
    cache: bool = False
    """The cache."""
    broker: bool = False
    """The message broker."""
    search: bool = False
    """The search domain."""
    buckets: tuple[Key, ...] = ()
    """Buckets to read from and write to."""
    channels: tuple[Channel, ...] = ()
    """Ways out to recipients."""


class ServiceConfig(Section):
    """A Fargate service: one program of the package `services`."""

    program: str = Field(pattern=r"^[a-z_]+(\.[a-z_]+)*$")
    """Module below `services` that is run, such as `api`."""
    arguments: tuple[str, ...] = ()
    """Its command-line arguments."""
    uses: Uses = Uses()
    """What it uses; nothing else is within its reach."""
    route: Route | None = None
    """Which requests of the load balancer it gets; None puts it behind none."""
    authentication: AuthenticationConfig | Without | None = None
    """Who may make requests; a service with a route says it, be it that everybody may, and why."""
    port: int = Field(default=3000, ge=1024, le=65535)
    """TCP port the container listens on."""
    cpu_units: int
    """CPU of one task in units of 1/1024 vCPU; with `memory_mib` one of Fargate's pairs."""
    memory_mib: int
    """Memory of one task in MiB."""
    min_tasks: int = Field(ge=1, le=100)
    """Tasks that always run."""
    max_tasks: int = Field(ge=1, le=100)
    """Tasks that autoscaling may start; as many as `min_tasks` means that there is none."""
    singleton: bool = False
    """Never two at once, also during a deployment: the old task ends before the new one starts."""
    cpu_target_percent: int = Field(default=70, ge=10, le=90)
    """Average CPU that autoscaling aims at."""
    memory_target_percent: int = Field(default=80, ge=10, le=90)
    """Average memory that autoscaling aims at."""
    requests_per_target_per_minute: int = Field(default=3000, ge=1, le=1_000_000)
    """Load balancer requests per task and minute that autoscaling aims at."""
    night_tasks: int | None = Field(default=None, ge=0, le=100)
    """Tasks that run outside the system's working hours; 0 switches the service off. None makes no difference."""
    database_pool_size: int = Field(default=10, ge=1, le=100)
    """Database connections one task may hold."""
    keep_alive_seconds: int = Field(default=65, ge=2, le=4100)
    """Seconds after which the server closes an idle connection: more than the load balancer keeps it."""
    drain_seconds: int = Field(default=25, ge=1, le=94)
    """Seconds that requests under way are given to end after SIGTERM, before background tasks are to."""
    stop_timeout_seconds: int = Field(default=60, ge=2, le=120)
    """Seconds from SIGTERM to SIGKILL; Fargate gives 120 at most."""

    @property
    def most_tasks_at_once(self) -> int:
        """Tasks there are at most: while a version is replaced, the old and the new ones."""
        return self.max_tasks if self.singleton else 2 * self.max_tasks


class WorkerConfig(Section):
    """The Lambda function that delivers what is in the queue."""

    uses: Uses
    """What it uses beside the queue that feeds it."""
    memory_mib: int = Field(ge=512, le=1024)
    """Memory in MiB; CPU grows with it."""
    timeout_seconds: int = Field(ge=60, le=300)
    """Longest run of one invocation."""
    reserved_concurrency: int = Field(ge=2, le=1000)
    """Invocations that may run at once."""
    max_concurrency: int | None = Field(default=None, ge=2, le=1000)
    """Invocations the event source starts at once; None makes it `reserved_concurrency`."""
    batch_size: int = Field(default=10, ge=1, le=10)
    """Messages handed to one invocation."""
    batch_window_seconds: int = Field(default=5, ge=0, le=300)
    """Longest wait for a batch to fill."""
    longest_delay_seconds: int = Field(default=900, ge=5, le=900)
    """Longest wait before a message that failed is tried again; the waits grow up to it from 5 s on."""
    sweep_minutes: int | None = Field(default=None, ge=1, le=60)
    """Minutes between two looks for notifications that were accepted and not queued; None leaves them to the API, which
    looks when it starts and when it takes the next one."""
    other_producers: bool = False
    """Whether others than the API may put notifications on the queue. A message whose id the database does not know is
    then stored and delivered as it is; otherwise it is parked, and what is delivered is always what the API took in."""


class ChannelsConfig(Section):
    """The ways out to the recipients."""

    email_sender: EmailStr | None = None
    """Sender address; its domain is a verified SES identity of the account. None where nothing is sent by e-mail."""
    telegram_base_url: HttpsUrl = HttpUrl("https://api.telegram.org")
    """Where the Telegram Bot API is reached; by HTTPS only, because the bot's token is part of the path."""
    webhook_hosts_allowed_inside: HostsInside = ()
    """Hosts that webhooks may reach although their addresses are not public, each `name` or `name:port`; all other
    hosts must lead to public addresses only. On the command line they are separated by commas."""
