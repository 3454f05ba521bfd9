import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from local import cli, processes
from local.servers import remove_data, start_servers, stop_servers
from local.settings import ROOT, Settings


@pytest.fixture(autouse=True)
def own_cloud(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDWORK_LOCAL_DIR", str(settings.directory))
    monkeypatch.setenv("GROUNDWORK_PORT", str(settings.port))
    monkeypatch.setenv("GROUNDWORK_RECEIVER_PORT", str(settings.receiver_port))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["up", "--port", "0"], "argument --port: '0' is no port: a number between 1 and 65535 is needed"),
        (["logs", "-n", "many"], "'many' is no number between 1 and 100000"),
        (["replay", "--limit", "1001"], "argument --limit: '1001' is no number between 1 and 1000"),
        (["keys"], "the following arguments are required: action"),
        (["keys", "steal"], "invalid choice: 'steal'"),
        (["keys", "create"], "keys create needs --name"),
        (["keys", "revoke"], "keys revoke needs --id"),
        (["keys", "create", "--name", "shop", "--days", "0"], "argument --days: '0' is no number between 1 and 3650"),
        (["logs", "nothing"], "no log is named like nothing; there are: none yet"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert cli.main(arguments) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_status_without_a_cloud_says_what_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status"]) == 1
    assert capsys.readouterr().err == "error: no cloud runs; type: make up\n"


def test_replay_without_a_cloud_says_what_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", "--env", "prod"]) == 1
    assert capsys.readouterr().err == "error: no cloud runs here; type: make up SYSTEM=notifications ENV=prod\n"


def test_down_without_a_cloud_is_fine(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    assert cli.main(["down"]) == 0
    settings.directory.mkdir()
    assert cli.main(["down"]) == 0
    assert capsys.readouterr().out == "nothing runs\nnothing was running\n"


@pytest.mark.parametrize("command", ["up", "down"])
def test_two_commands_at_a_time_are_refused(
    capsys: pytest.CaptureFixture[str], settings: Settings, command: str
) -> None:
    settings.directory.mkdir()
    with (settings.directory / "operator.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert cli.main([command]) == 1
    assert "another up or down is at work" in capsys.readouterr().err


def test_up_on_a_taken_port_starts_nothing(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", settings.port)):
        assert cli.main(["up"]) == 1
    assert f"port {settings.port} (the AWS APIs) is taken by process {os.getpid()}" in capsys.readouterr().err
    assert processes.marked(settings) == []


def test_env_prints_only_shell_lines_and_speaks_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["env"]) == 0
    printed = capsys.readouterr()
    assert all(line.startswith(("export ", "unset ")) for line in printed.out.splitlines())
    assert printed.err == "no cloud runs yet; type: make up\n"


def test_an_interrupt_is_no_traceback(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_run", interrupt)
    assert cli.main(["status"]) == 1
    assert "interrupted: what already runs goes on running" in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_is_no_failure(settings: Settings) -> None:
    settings.logs.mkdir(parents=True)
    (settings.logs / "long.log").write_text("line\n" * 100_000)
    assert piped("logs -n 100000 | head -1") == (0, "long | line\n", "")


def test_a_reader_that_reads_nothing_is_no_failure(settings: Settings) -> None:
    settings.directory.mkdir()
    assert piped("down | exec 0<&-") == (0, "", "")


def piped(command: str) -> tuple[int, str, str]:
    """Exit code and output of a line of shell that begins with a command."""
    done = subprocess.run(  # noqa: S603 - the command under test
        ["/bin/bash", "-c", f'set -o pipefail; "$PYTHON" -m local {command}'],
        env=os.environ | {"PYTHON": sys.executable},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_new_cloud_begins_without_the_logs_of_former_workloads(settings: Settings) -> None:
    former = settings.logs / "api/former.log"
    former.parent.mkdir(parents=True)
    former.write_text("old\n")
    start_servers(settings)
    stop_servers(settings)
    assert not former.exists()
    assert (settings.logs / "emulator.log").exists()


def test_servers_start_once_and_stop_without_leftovers(settings: Settings) -> None:
    start_servers(settings)
    try:
        first = {process.pid for process in processes.marked(settings)}
        start_servers(settings)
        assert {process.pid for process in processes.marked(settings)} == first
    finally:
        assert stop_servers(settings) == len(first)
    assert processes.marked(settings) == []


def test_down_cleans_up_after_an_emulator_that_was_killed(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    start_servers(settings)
    emulator = processes.running(settings, "emulator")
    assert emulator is not None
    workload = processes.start(settings, "workload", ["-c", "import time; time.sleep(600)"], os.environ, port=1)
    emulator.kill()
    psutil.wait_procs([emulator], timeout=60)
    assert cli.main(["down"]) == 0
    assert processes.marked(settings) == []
    assert not workload.is_running()
    capsys.readouterr()
    assert cli.main(["down"]) == 0
    assert capsys.readouterr().out == "nothing was running\n"


def test_purge_leaves_what_it_did_not_write(settings: Settings, tmp_path: Path) -> None:
    settings.logs.mkdir(parents=True)
    settings.state_file.write_text("{}")
    (settings.directory / "thesis.txt").write_text("mine")
    remove_data(settings)
    assert [path.name for path in settings.directory.iterdir()] == ["thesis.txt"]
    (settings.directory / "thesis.txt").unlink()
    remove_data(settings)
    assert not settings.directory.exists()
    assert tmp_path.exists()
