"""notifications, staging: the shape of prod at a smaller size, its data protected."""

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


def staging() -> SystemConfig:
    """Return the staging environment."""
    return SystemConfig(
        system=SYSTEM,
        environment="staging",
        owner=OWNER,
        cost_center=COST_CENTER,
        lifecycle=Lifecycle.SNAPSHOT,
        network=NetworkConfig(cidr="10.0.0.0/16", zones=2, nat=Nat.GATEWAY),
        database=DatabaseConfig(
            name=DATABASE_NAME,
            engine_version=POSTGRES_VERSION,
            min_acu=0.5,
            max_acu=4,
            backup_retention_days=7,
        ),
        queue=QueueConfig(depth_alarm_messages=5000),
        api=ApiConfig(cpu_units=1024, memory_mib=2048, min_tasks=1, max_tasks=5),
        worker=WorkerConfig(memory_mib=512, timeout_seconds=60, reserved_concurrency=10),
        channels=ChannelsConfig(email_sender=EMAIL_SENDER),
    )
