from collections import Counter

import psutil

from local import processes
from local.cdk_output import Phase
from local.ports import require_free
from local.web import UnreachableError
from tests.e2e.cloud import DeployedCloud, unique
from tests.e2e.notifications.requests import notify, settled
from tests.support.eventually import eventually


def test_a_task_that_is_killed_comes_back(cloud: DeployedCloud) -> None:
    (task,) = cloud.tasks("services.api")
    task.kill()
    psutil.wait_procs([task], timeout=60)

    def back() -> psutil.Process | None:
        try:
            cloud.get("/ready")
        except UnreachableError:
            return None
        return next(iter(cloud.tasks("services.api")), None)

    assert eventually(back) != task


def test_a_change_of_worker_code_takes_effect_and_only_it_is_deployed(cloud: DeployedCloud) -> None:
    marker = unique()
    with (cloud.settings.root / "workers/notifications/handler.py").open("a") as handler:
        handler.write(f'\nprint("{marker}")\n')
    cloud.up("--no-demo")
    ends = Counter(phase for _, phase in cloud.phases if phase in {Phase.DONE, Phase.UNCHANGED})
    assert ends == {Phase.DONE: 1, Phase.UNCHANGED: len(cloud.state.last.stacks) - 1}
    assert ("Worker", Phase.DONE) in cloud.phases
    assert settled(cloud, notify(cloud, "sms", "+14155550100", unique()))["status"] == "sent"
    eventually(lambda: marker in cloud.operate("logs", "WorkerFunction").stdout)


def test_a_killed_cloud_is_cleaned_up_and_comes_back(cloud: DeployedCloud) -> None:
    emulator = processes.running(cloud.settings, "emulator")
    assert emulator is not None
    emulator.kill()
    psutil.wait_procs([emulator], timeout=60)
    assert cloud.operate("status").returncode == 1
    assert cloud.operate("down").returncode == 0
    assert leftovers(cloud) == []

    cloud.up("--no-demo")
    assert settled(cloud, notify(cloud, "sms", "+14155550100", unique()))["status"] == "sent"
    assert cloud.operate("down").returncode == 0
    assert leftovers(cloud) == []
    for port in (cloud.settings.port, cloud.settings.receiver_port):
        require_free(port, variable="", purpose="")


def leftovers(cloud: DeployedCloud) -> list[str]:
    """Processes that have to do with the cloud's folder, however they were started."""
    folder = str(cloud.settings.directory)
    found = {process.pid: process for process in processes.marked(cloud.settings)}
    for process in psutil.process_iter(["cmdline", "cwd"]):
        if folder in " ".join(process.info["cmdline"] or ()) or (process.info["cwd"] or "").startswith(folder):
            found[process.pid] = process
    return [str(process) for process in found.values()]
