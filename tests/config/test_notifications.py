"""The values of the notifications system are those of its requirements."""

import pytest

from config.load import load
from config.model import Lifecycle, Nat, SystemConfig
from tests.support.synth import CERTIFICATE_ARN


def config(environment: str) -> SystemConfig:
    return load("notifications", environment, {"certificate_arn": CERTIFICATE_ARN})


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
    assert (it.database.min_acu, it.database.max_acu) == acu
    assert (it.api.cpu_units, it.api.memory_mib) == cpu_and_memory
    assert (it.api.min_tasks, it.api.max_tasks) == tasks
    assert it.worker.reserved_concurrency == concurrency


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_what_is_the_same_everywhere(environment: str) -> None:
    it = config(environment)
    assert it.network.cidr == "10.0.0.0/16"
    assert it.network.subnet_prefix == 24
    assert it.api.port == 3000
    assert (it.api.cpu_target_percent, it.api.memory_target_percent) == (70, 80)
    assert (it.worker.batch_size, it.worker.batch_window_seconds) == (10, 5)
    assert it.log_retention_days == 30
    assert it.queue.dlq_retention_days == 14
    assert it.queue.retention_days == 4


def test_prod_survives_a_zone() -> None:
    it = config("prod")
    assert it.network.nat is Nat.GATEWAY_PER_ZONE
    assert it.database.readers >= 1
    assert it.api.min_tasks >= 2


def test_only_dev_can_be_thrown_away() -> None:
    assert config("dev").lifecycle is Lifecycle.DESTROY
    assert config("staging").lifecycle is Lifecycle.SNAPSHOT
    assert config("prod").lifecycle is Lifecycle.RETAIN


def test_visibility_is_derived_from_the_worker() -> None:
    """Six timeouts and the batch window, so that no message is received again while a batch of it is retried."""
    it = config("dev")
    assert it.visibility_timeout_seconds == 6 * it.worker.timeout_seconds + it.worker.batch_window_seconds == 365
    assert it.oldest_message_alarm_seconds > it.queue.max_receive_count * it.visibility_timeout_seconds
