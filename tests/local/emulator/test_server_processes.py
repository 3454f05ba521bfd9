"""Caches, brokers and workspaces end with their emulator, however it ends, and say what is missing for them."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.local.emulator.cloud import PATIENT, Cloud, DeploymentError, alive, asked, running, stop
from tests.support.eventually import eventually

SERVERS: dict[str, dict[str, Any]] = {
    "AWS::ElastiCache::ReplicationGroup": {
        "ReplicationGroupDescription": "sessions",
        "CacheNodeType": "cache.t4g.micro",
    },
    "AWS::AmazonMQ::Broker": {
        "BrokerName": "tickets",
        "EngineType": "RABBITMQ",
        "EngineVersion": "3.13",
        "DeploymentMode": "SINGLE_INSTANCE",
        "HostInstanceType": "mq.t3.micro",
        "PubliclyAccessible": False,
        "Users": [{"Username": "tickets", "Password": "twelve-or-more"}],
    },
    "AWS::APS::Workspace": {},
}
NAMES = {"redis-server", "valkey-server", "beam.smp", "epmd", "prometheus"}
# Runs the emulator on a machine where nothing is installed but Python.
BARE = """
import runpy
from local import programs
programs._BEFORE_PATH = programs._AFTER_PATH = ()
runpy.run_module("local.emulator", run_name="__main__")
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def busy(data: Path) -> Iterator[Cloud]:
    """An emulator with one server of each kind."""
    children: list[psutil.Process] = []
    with running(data, launcher=PATIENT) as cloud:
        template = {kind.split("::")[1]: {"Type": kind, "Properties": each} for kind, each in SERVERS.items()}
        cloud.deploy("servers", template)
        children = cloud.children()
        yield cloud
    for child in alive(children):
        with suppress(psutil.NoSuchProcess):
            child.kill()


def test_sigterm_ends_every_server_in_an_orderly_way(busy: Cloud) -> None:
    children = busy.children()
    assert len(NAMES.intersection(name for _, name in asked(children, psutil.Process.name))) == 4
    stop(busy)
    assert busy.process.returncode == 0
    # What is killed takes a moment to end.
    eventually(lambda: not alive(children))


def test_a_start_after_kill_9_ends_every_server(busy: Cloud, data: Path) -> None:
    children = busy.children()
    os.kill(busy.process.pid, signal.SIGKILL)
    busy.process.wait()
    assert alive(children)
    with running(data) as again:
        eventually(lambda: not alive(children))
        assert list((data / "servers").iterdir()) == []
        assert again.client("mq").list_brokers()["BrokerSummaries"] == []


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("AWS::ElastiCache::ReplicationGroup", "ElastiCache needs redis-server or valkey-server; type: sudo apt-get"),
        ("AWS::AmazonMQ::Broker", "Amazon MQ needs rabbitmq-server; type: sudo apt-get install rabbitmq-server"),
        (
            "AWS::APS::Workspace",
            "Managed Service for Prometheus needs prometheus; type: sudo apt-get install prometheus",
        ),
    ],
)
def test_a_missing_program_is_named_with_what_to_type(bare: Cloud, kind: str, advice: str) -> None:
    with pytest.raises(DeploymentError, match=advice):
        bare.deploy("missing", {"Server": {"Type": kind, "Properties": SERVERS[kind]}})
    bare.delete("missing")
    assert bare.client("elasticache").describe_replication_groups()["ReplicationGroups"] == []
    assert bare.client("mq").list_brokers()["BrokerSummaries"] == []


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = str(Path(sys.executable).parent)
    launcher = ("-c", BARE)
    with running(tmp_path_factory.mktemp("bare") / "data", launcher=launcher, environment={"PATH": folder}) as cloud:
        yield cloud
