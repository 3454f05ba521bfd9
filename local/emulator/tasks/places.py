"""How many tasks of a service live at once: never more than its deployment configuration allows.

ECS counts a task that is being stopped until its containers have ended. MiniStack counts it no longer from the moment
it is told to stop, so that the successor of a singleton would begin beside it.
"""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

# A stop that nobody waits for is noticed this often; every end of a container is noticed at once.
_WAKE_SECONDS = 0.5


class Places:
    """The tasks of each service that have a living container."""

    def __init__(self) -> None:
        """Nothing lives yet."""
        self._living: dict[str, Counter[str]] = {}
        self._changed = threading.Condition()

    def enter(self, task: dict[str, Any], service: dict[str, Any] | None, wanted: Callable[[], bool]) -> bool:
        """Count a container that is about to start, as soon as its service has room for its task.

        Returns False if the task is not `wanted` any more before there is room.
        """
        key, arn = str(task.get("group")) + str(task["clusterArn"]), str(task["taskArn"])
        with self._changed:
            while wanted():
                tasks = self._living.setdefault(key, Counter())
                if service is None or arn in tasks or len(tasks) < _most(service):
                    tasks[arn] += 1
                    return True
                self._changed.wait(_WAKE_SECONDS)
        return False

    def leave(self, task: dict[str, Any]) -> None:
        """Count a container no more that has ended or could not be started."""
        key, arn = str(task.get("group")) + str(task["clusterArn"]), str(task["taskArn"])
        with self._changed:
            tasks = self._living[key]
            tasks[arn] -= 1
            if tasks[arn] <= 0:
                del tasks[arn]
            self._changed.notify_all()


def _most(service: dict[str, Any]) -> int:
    """How many tasks of a service may live: `maximumPercent` of the desired count, rounded down, but one."""
    percent = int((service.get("deploymentConfiguration") or {}).get("maximumPercent") or 200)
    return max(1, int(service.get("desiredCount") or 0) * percent // 100)
