"""How a system is watched and kept recoverable."""

from typing import Literal

from pydantic import Field

from config.section import Key, RegionName, Section


class PrometheusConfig(Section):
    """Metrics scraped from the services and taken from the load balancer."""

    kind: Literal["managed", "self_hosted"]
    """Kept in a workspace of Amazon Managed Service for Prometheus, or by the scraping service itself."""
    scrape_interval_seconds: int = Field(default=30, ge=5, le=300)
    """Seconds between two scrapes of a target."""
    retention_days: int = Field(default=15, ge=1, le=90)
    """Days a self-hosted server keeps metrics, at most; its storage goes with its task. A workspace keeps 150."""
    cpu_units: int = 512
    """CPU of the scraping task in units of 1/1024 vCPU."""
    memory_mib: int = 1024
    """Memory of the scraping task in MiB."""


class MonitoringConfig(Section):
    """Alarms on every resource, and what people look at."""

    dashboard: bool = True
    """A CloudWatch dashboard of the whole system."""
    container_insights: bool = True
    """Container Insights of the cluster: metrics of each service and its tasks, each charged as a custom metric."""
    prometheus: PrometheusConfig | None = None
    """Metrics in Prometheus; None leaves them to CloudWatch."""


class DumpConfig(Section):
    """A logical dump of one database, proven by restoring it."""

    database: Key
    """The database."""
    bucket: Key
    """The bucket dumps are written to; its lifecycle says how long they are kept."""
    hour_utc: int = Field(default=2, ge=0, le=23)
    """Hour of the day at which it is made."""


class BackupConfig(Section):
    """A daily plan of AWS Backup over all databases, with restore to any point in time."""

    retention_days: int = Field(default=30, ge=1, le=35)
    """Days recovery points are kept; for continuous backups 35 is the most."""
    hour_utc: int = Field(default=3, ge=0, le=23)
    """Hour of the day at which the daily backup may start."""
    copy_region: RegionName | None = None
    """Region that gets a copy of every recovery point; None keeps them in their own."""
    dump: DumpConfig | None = None
    """A logical dump besides, which is restorable anywhere and without AWS Backup."""


class WorkingHours(Section):
    """The hours of the week at which people work with a system."""

    days: Literal["MON-FRI", "MON-SAT", "MON-SUN"] = "MON-FRI"
    """Days of the week."""
    start: str = Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    """Time of day at which they begin, such as `08:00`."""
    end: str = Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    """Time of day at which they end, such as `18:00`."""
    time_zone: str
    """IANA name of the time zone of both, such as `Europe/Berlin`."""
