"""Starting, stopping and dying: one clear line when it cannot start, and nothing left when it has ended."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.local.emulator.cloud import PATIENT, ROOT, Cloud, alive, asked, command, running, start, stop, zipped
from tests.local.emulator.service import template, write_image
from tests.support.eventually import PATIENCE_SECONDS, eventually
from tests.support.postgres import free_port

# Ignores what asks it to end, and has a child that does too.
STUBBORN = """
import http.server, os, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sleep = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", sleep])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def busy(data: Path) -> Iterator[Cloud]:
    """An emulator with a database, a warm function and a stubborn task."""
    with running(data, launcher=PATIENT) as cloud:
        write_image(data, "stubborn")
        (data / "images" / "demo" / "stubborn" / "rootfs" / "app" / "server.py").write_text(STUBBORN)
        cluster = {"Engine": "aurora-postgresql", "MasterUsername": "app", "MasterUserPassword": "long-enough"}
        database = {"Database": {"Type": "AWS::RDS::DBCluster", "Properties": cluster}}
        cloud.deploy("busy", {**template("stubborn", desired=1), **database})
        cloud.client("lambda").create_function(
            FunctionName="warm",
            Runtime="python3.13",
            Role=cloud.client("iam").get_role(RoleName="demo-task")["Role"]["Arn"],
            Handler="code.run",
            Code={"ZipFile": zipped({"code.py": "def run(event, context):\n    return 1\n"})},
        )
        assert cloud.client("lambda").invoke(FunctionName="warm")["Payload"].read() == b"1"
        yield cloud
        _kill(cloud.children() if cloud.process.poll() is None else [])


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _names(processes: list[psutil.Process]) -> set[str]:
    return {Path(program).name.split("3")[0] for _, program in asked(processes, psutil.Process.exe)}


def _run(arguments: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)  # noqa: S603


def test_sigterm_leaves_no_process_even_if_one_does_not_listen(busy: Cloud) -> None:
    children = busy.children()
    assert _names(children) >= {"postgres", "python"}
    stop(busy)
    assert busy.process.returncode == 0
    # What is killed takes a moment to end.
    eventually(lambda: not alive(children))


def test_a_start_after_kill_9_stops_what_was_left_and_begins_empty(busy: Cloud, data: Path) -> None:
    children = busy.children()
    stranger = subprocess.Popen(["sleep", "600"])  # noqa: S607 - any process that is not the emulator's
    # As if the system had given a recorded pid to somebody else since.
    record = next((data / "run").glob("*.json")).read_text()
    (data / "run" / f"{stranger.pid}.json").write_text(record.replace('"pid": ', f'"pid": {stranger.pid}, "former": '))
    os.kill(busy.process.pid, signal.SIGKILL)
    busy.process.wait()
    try:
        with running(data) as again:
            eventually(lambda: not any(process.is_running() for process in children))
            assert again.client("rds").describe_db_clusters()["DBClusters"] == []
            assert list((data / "postgres").iterdir()) == []
            assert (data / "images" / "demo" / "stubborn" / "image.json").exists()
            assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
        _kill(children)


def test_only_one_emulator_uses_a_folder(cloud: Cloud) -> None:
    result = _run(command(cloud.data, free_port()))
    expected = f"emulator: another emulator uses {cloud.data}; stop it or choose another --data\n"
    assert (result.returncode, result.stderr) == (1, expected)
    assert cloud.get("/_ministack/health").is_success


def test_a_taken_port_is_said_in_one_line(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = _run(command(data, port))
    expected = f"emulator: port {port} is taken; stop what listens there or choose another with --port\n"
    assert (result.returncode, result.stderr) == (2, expected)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--port", "70000"], "argument --port: '70000' is no port: a number between 1 and 65535 is needed"),
        (["--account", "12"], "argument --account: '12' is no account number: 12 digits are needed"),
        (["--database-ports", "9-8"], "argument --database-ports: '9-8' is no range of ports: write for example"),
        (["--key", "nowhere.pem"], "--key: there is no file nowhere.pem"),
    ],
)
def test_a_wrong_flag_is_said_in_one_line(data: Path, flags: list[str], message: str) -> None:
    result = _run([*command(data, free_port()), *flags])
    assert result.returncode == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_it_listens_on_its_own_port_of_the_loopback_address_only(cloud: Cloud) -> None:
    listening = [each for each in psutil.Process(cloud.process.pid).net_connections() if each.status == "LISTEN"]
    assert [(each.laddr.ip, each.laddr.port) for each in listening] == [("127.0.0.1", cloud.port)]


def test_it_starts_again_after_an_orderly_end(data: Path) -> None:
    stop(start(data))
    with running(data) as cloud:
        assert cloud.client("sqs").list_queues()["QueueUrls"] == []
