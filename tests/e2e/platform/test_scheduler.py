"""The scheduler is a singleton: also while it is replaced, at most one runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from tests.e2e.cloud import DeployedCloud
from tests.e2e.platform.test_schedules import in_seconds, plan, sent

PROGRAM = "services.planning.scheduler"
_LOOK_SECONDS = 0.02


@contextmanager
def watched(cloud: DeployedCloud) -> Iterator[list[frozenset[int]]]:
    """The sets of schedulers that run at the same time, by their process ids, one after the other."""
    seen: list[frozenset[int]] = []
    stopped = threading.Event()

    def look() -> None:
        while not stopped.wait(_LOOK_SECONDS):
            try:
                now = frozenset(task.pid for task in cloud.tasks(PROGRAM))
            except psutil.Error:
                continue  # one has ended between two questions about it
            if not seen or seen[-1] != now:
                seen.append(now)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        stopped.set()
        thread.join()


def test_a_changed_scheduler_replaces_the_former_one_without_ever_running_beside_it(cloud: DeployedCloud) -> None:
    (former,) = cloud.tasks(PROGRAM)
    with (cloud.settings.root / "services/planning/scheduler/__main__.py").open("a") as module:
        module.write("\n# Changed.\n")
    with watched(cloud) as seen:
        cloud.up("--no-demo")
    (present,) = cloud.tasks(PROGRAM)
    assert present.pid != former.pid
    assert seen[0] == {former.pid}
    assert seen[-1] == {present.pid}
    assert max(len(schedulers) for schedulers in seen) == 1
    sent(cloud, plan(cloud, "after the change", send_at=in_seconds(0)))
