"""What a system may cost, and the use that it is reckoned with: the part of a bill that no template tells."""

from pydantic import Field

from config.section import RegionName, Section


class TrafficConfig(Section):
    """A month of use, as it is expected."""

    requests_per_month: int = Field(ge=0)
    """Requests that the load balancer takes."""
    messages_per_month: int = Field(default=0, ge=0)
    """Messages that pass through the queue."""
    messages_per_invocation: float = Field(default=1, ge=1, le=10)
    """Messages that one invocation of the worker takes, on average."""
    function_seconds: float = Field(default=1, ge=0.001, le=900)
    """Duration of one invocation of a function, on average, in seconds."""
    out_gib_per_month: float = Field(ge=0)
    """Data sent to the internet, in GiB."""
    nat_gib_per_month: float = Field(ge=0)
    """Data that goes through NAT, both ways, in GiB."""
    log_gib_per_month: float = Field(ge=0)
    """Logs of services and functions, in GiB."""
    custom_metrics: int = Field(default=0, ge=0)
    """Metrics of their own that functions send to CloudWatch."""
    prometheus_samples_per_month: int = Field(default=0, ge=0)
    """Samples that are sent to a managed workspace of Prometheus."""
    autoscaling_share: float = Field(default=0, ge=0, le=1)
    """Where services stand on average between their least (0) and their most (1) tasks."""
    database_awake_hours_per_month: float = Field(default=730, ge=0, le=730)
    """Hours for which a database that may pause does not."""
    database_acu: float = Field(default=0.5, ge=0.5, le=256)
    """Average capacity of each Aurora instance while it is awake, in Aurora Capacity Units."""
    database_gib: float = Field(default=1, ge=0)
    """Data in each database, in GiB."""
    database_ios_per_month: int = Field(default=0, ge=0)
    """I/O requests of each Aurora cluster to its storage."""
    bucket_gib: float = Field(default=0, ge=0)
    """Data in each bucket, former versions included, in GiB."""
    bucket_writes_per_month: int = Field(default=0, ge=0)
    """Objects written to each bucket."""
    broker_gib: float = Field(default=0, ge=0)
    """Messages and logs on the volume of each broker node, in GiB."""
    image_gib: float = Field(default=0.2, ge=0)
    """Size of a container image, compressed as its repository keeps it, in GiB."""
    images_kept: int = Field(default=10, ge=1)
    """Images of each container that the repository keeps."""


class CostConfig(Section):
    """A budget, which synthesis holds the templates to."""

    monthly_budget_usd: float = Field(gt=0)
    """What a month may cost, in US dollars before tax."""
    price_region: RegionName = "us-east-1"
    """Region whose list prices the budget is reckoned in, wherever it is deployed to."""
    traffic: TrafficConfig
    """The use that it has to suffice for."""
