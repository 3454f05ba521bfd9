"""notifications, production: survives the loss of a zone, and keeps its data whatever is deleted."""

from config.model import (
    ApiConfig,
    ChannelsConfig,
    DatabaseConfig,
    Lifecycle,
    Nat,
    NetworkConfig,
    QueueConfig,
    SystemConfig,
    WorkerConfig,
)
from config.systems.notifications.shared import (
    COST_CENTER,
    DATABASE_NAME,
    EMAIL_SENDER,
    OWNER,
    POSTGRES_VERSION,
    SYSTEM,
)


def prod() -> SystemConfig:
    """Return the production environment."""
    return SystemConfig(
        system=SYSTEM,
        environment="prod",
        owner=OWNER,
        cost_center=COST_CENTER,
        lifecycle=Lifecycle.RETAIN,
        network=NetworkConfig(cidr="10.0.0.0/16", zones=3, nat=Nat.GATEWAY_PER_ZONE),
        database=DatabaseConfig(
            name=DATABASE_NAME,
            engine_version=POSTGRES_VERSION,
            min_acu=1,
            max_acu=8,
            readers=1,
            backup_retention_days=14,
        ),
        queue=QueueConfig(depth_alarm_messages=10_000),
        api=ApiConfig(cpu_units=1024, memory_mib=2048, min_tasks=2, max_tasks=10),
        worker=WorkerConfig(memory_mib=1024, timeout_seconds=60, reserved_concurrency=50),
        channels=ChannelsConfig(email_sender=EMAIL_SENDER),
    )
