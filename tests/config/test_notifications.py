"""The values of the notifications system are those of its requirements."""

import pytest

from config.load import load
from config.model import AuroraConfig, Lifecycle, Nat, QueueConfig, SystemConfig, WorkerConfig
from tests.support.synth import CERTIFICATE_ARN


def config(environment: str) -> SystemConfig:
    return load("notifications", environment, {"certificate_arn": CERTIFICATE_ARN})


def cluster(it: SystemConfig) -> AuroraConfig:
    database = it.databases["notifications"]
    assert isinstance(database, AuroraConfig)
    return database


def queue_and_worker(it: SystemConfig) -> tuple[QueueConfig, WorkerConfig]:
    assert it.queue is not None
    assert it.worker is not None
    return it.queue, it.worker


@pytest.mark.parametrize(
    ("environment", "acu", "cpu_and_memory", "tasks", "concurrency"),
    [
        ("dev", (0, 2), (512, 1024), (1, 2), 5),
        ("staging", (0.5, 4), (1024, 2048), (1, 5), 10),
        ("prod", (1, 8), (1024, 2048), (2, 10), 50),
    ],
)
def test_sizes(
    environment: str,
    acu: tuple[float, float],
    cpu_and_memory: tuple[int, int],
    tasks: tuple[int, int],
    concurrency: int,
) -> None:
    it = config(environment)
    database, api = cluster(it), it.services["api"]
    assert (database.min_acu, database.max_acu) == acu
    assert (api.cpu_units, api.memory_mib) == cpu_and_memory
    assert (api.min_tasks, api.max_tasks) == tasks
    assert queue_and_worker(it)[1].reserved_concurrency == concurrency


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_what_is_the_same_everywhere(environment: str) -> None:
    it = config(environment)
    assert it.network.cidr == "10.0.0.0/16"
    assert it.network.subnet_prefix == 24
    api = it.services["api"]
    assert api.port == 3000
    assert (api.cpu_target_percent, api.memory_target_percent) == (70, 80)
    queue, worker = queue_and_worker(it)
    assert (worker.batch_size, worker.batch_window_seconds) == (10, 5)
    assert it.log_retention_days == 30
    assert queue.dlq_retention_days == 14
    assert queue.retention_days == 4


def test_prod_survives_a_zone() -> None:
    it = config("prod")
    assert it.network.nat is Nat.GATEWAY_PER_ZONE
    assert cluster(it).readers >= 1
    assert it.services["api"].min_tasks >= 2


def test_only_dev_can_be_thrown_away() -> None:
    assert config("dev").lifecycle is Lifecycle.DESTROY
    assert config("staging").lifecycle is Lifecycle.SNAPSHOT
    assert config("prod").lifecycle is Lifecycle.RETAIN


def test_visibility_is_derived_from_the_worker() -> None:
    """Six timeouts and the batch window, so that no message is received again while a batch of it is retried."""
    it = config("dev")
    queue, worker = queue_and_worker(it)
    assert it.visibility_timeout_seconds == 6 * worker.timeout_seconds + worker.batch_window_seconds == 365
    assert it.oldest_message_alarm_seconds > queue.max_receive_count * it.visibility_timeout_seconds
