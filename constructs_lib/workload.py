"""What every container and function of a system gets, whatever else it does."""

from dataclasses import dataclass, field

from aws_cdk import aws_logs as logs

from config.model import Lifecycle, SystemConfig, WorkingHours
from constructs_lib.network import Inside
from constructs_lib.providers import Provider


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkloadOptions:
    """The part of the configuration that is the same for all code that runs."""

    system: str
    """Namespace of the metrics the code emits."""
    environment: str
    """`APP_ENV`."""
    log_level: str
    """Least severity that is logged."""
    log_retention: logs.RetentionDays
    """How long logs are kept."""
    lifecycle: Lifecycle
    """What becomes of logs when their stack is deleted."""
    provider: Provider
    """Where the code runs."""
    working_hours: WorkingHours | None
    """Outside of which services run with fewer tasks; None is always."""
    inside: Inside = field(default_factory=Inside)
    """What the code reaches without leaving the VPC."""

    def variables(self, service: str) -> dict[str, str]:
        """Return the environment variables common to all code; `service` is the name it logs under."""
        return {
            "APP_ENV": self.environment,
            "LOG_LEVEL": self.log_level,
            "POWERTOOLS_SERVICE_NAME": service,
            "POWERTOOLS_METRICS_NAMESPACE": self.system,
        }


def workload_options(config: SystemConfig, provider: Provider) -> WorkloadOptions:
    """Return the options of a system's workload."""
    return WorkloadOptions(
        system=config.system,
        environment=config.environment,
        log_level=config.log_level,
        # CDK's enumeration carries days as its values, but jsii hands them to Python as names.
        log_retention=_RETENTION[config.log_retention_days],
        lifecycle=config.lifecycle,
        provider=provider,
        working_hours=config.working_hours,
    )


_RETENTION = {
    1: logs.RetentionDays.ONE_DAY,
    3: logs.RetentionDays.THREE_DAYS,
    5: logs.RetentionDays.FIVE_DAYS,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    120: logs.RetentionDays.FOUR_MONTHS,
    150: logs.RetentionDays.FIVE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
    400: logs.RetentionDays.THIRTEEN_MONTHS,
    545: logs.RetentionDays.EIGHTEEN_MONTHS,
    731: logs.RetentionDays.TWO_YEARS,
    1096: logs.RetentionDays.THREE_YEARS,
    1827: logs.RetentionDays.FIVE_YEARS,
    3653: logs.RetentionDays.TEN_YEARS,
}
