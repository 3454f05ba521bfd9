"""The stacks that a configuration asks for."""

from config.model import MonitoringConfig
from tests.support.synth import configuration

ALWAYS = ("Network", "Api")
BY_SECTION = {
    "queue": "Queue",
    "databases": "Database",
    "cache": "Cache",
    "broker": "Broker",
    "search": "Search",
    "storage": "Storage",
    "worker": "Worker",
    "backup": "Backup",
}


def expected_stacks(system: str, environment: str) -> list[str]:
    """The stacks that a configuration's sections ask for."""
    it = configuration(system, environment)
    found = [*ALWAYS, *(stack for section, stack in BY_SECTION.items() if getattr(it, section))]
    if isinstance(it.monitoring, MonitoringConfig):
        found.append("Alarms")
        if it.monitoring.dashboard or it.monitoring.prometheus:
            found.append("Monitoring")
    return sorted(found)
