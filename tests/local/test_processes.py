import json
import os
import sys
from collections.abc import Iterator

import psutil
import pytest

from local import processes
from local.errors import LocalError
from local.settings import Settings

SLEEP = ["-c", "import time; time.sleep(600)"]
STUBBORN = ["-c", "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf'); time.sleep(600)"]


@pytest.fixture
def started(settings: Settings) -> Iterator[psutil.Popen]:
    process = processes.start(settings, "server", SLEEP, os.environ, port=1234)
    yield process
    processes.stop([process], grace_seconds=1)


def test_a_started_process_is_found_again_in_a_session_of_its_own(settings: Settings, started: psutil.Popen) -> None:
    found = processes.running(settings, "server")
    assert found is not None
    assert found.pid == started.pid
    assert os.getsid(started.pid) == started.pid
    assert processes.recorded_port(settings, "server") == 1234


def test_a_recycled_pid_is_somebody_else(settings: Settings, started: psutil.Popen) -> None:
    record = settings.directory / "server.pid"
    content = json.loads(record.read_text())
    record.write_text(json.dumps(content | {"started": content["started"] - 3600}))
    assert processes.running(settings, "server") is None
    assert started.is_running()


def test_a_process_without_the_mark_is_somebody_else(settings: Settings) -> None:
    with psutil.Popen([sys.executable, *SLEEP]) as stranger:
        record = {"pid": stranger.pid, "started": stranger.create_time(), "port": 1}
        settings.directory.mkdir()
        (settings.directory / "server.pid").write_text(json.dumps(record))
        assert processes.running(settings, "server") is None
        assert processes.marked(settings) == []
        stranger.kill()


def test_a_cloud_in_another_folder_is_somebody_else(settings: Settings, started: psutil.Popen) -> None:
    other = Settings(directory=settings.directory.with_name("other"))
    other.directory.mkdir()
    (other.directory / "server.pid").write_text((settings.directory / "server.pid").read_text())
    assert processes.running(other, "server") is None
    assert started.pid not in {process.pid for process in processes.marked(other)}


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "null", '{"pid": "x", "started": 1}', '{"pid": 999999999, "started": 1}']
)
def test_a_damaged_record_is_no_process(settings: Settings, content: str) -> None:
    settings.directory.mkdir()
    (settings.directory / "server.pid").write_text(content)
    assert processes.running(settings, "server") is None
    assert processes.recorded_port(settings, "server") is None


def test_what_a_process_starts_is_found_by_its_mark(settings: Settings) -> None:
    parent = ["-c", f"import subprocess, sys; subprocess.Popen([sys.executable, *{SLEEP!r}]); input()"]
    process = processes.start(settings, "server", parent, os.environ, port=1)
    process.wait(timeout=60)  # its input is closed, so it ends and leaves an orphan
    orphans = processes.marked(settings)
    assert len(orphans) == 1
    processes.stop(orphans, grace_seconds=3)
    assert processes.marked(settings) == []


def test_a_process_that_ignores_the_request_is_killed(settings: Settings) -> None:
    process = processes.start(settings, "server", STUBBORN, os.environ, port=1)
    processes.wait_ready(
        process,
        name="server",
        settings=settings,
        ready=lambda: "deaf" in processes.log_file(settings, "server").read_text(),
        bound_seconds=10,
    )
    processes.stop([process], grace_seconds=0.2)
    assert not process.is_running()


def test_a_server_that_ends_at_once_shows_the_end_of_its_log(settings: Settings) -> None:
    process = processes.start(settings, "server", ["-c", "raise SystemExit('no such disk')"], os.environ, port=1)
    with pytest.raises(LocalError, match=r"(?s)the server ended at once \(exit code 1\).*no such disk.*server\.log"):
        processes.wait_ready(process, name="server", settings=settings, ready=lambda: False, bound_seconds=20)


def test_a_server_that_never_answers_is_stopped(settings: Settings, started: psutil.Popen) -> None:
    with pytest.raises(LocalError, match="did not answer within 0 s"):
        processes.wait_ready(started, name="server", settings=settings, ready=lambda: False, bound_seconds=0.2)
    assert not started.is_running()
