"""ECS tasks as local processes.

MiniStack's ECS schedules services itself (deployments, circuit breaker, replacement of failed tasks) and hands
containers to a Docker engine. `engine` takes that engine's place: an image is a folder of the image store, a container
is a process on a port of its own. `services` corrects what MiniStack assumes of containers with addresses of their
own, and holds a task back until its target group's health check answers.
"""

from local.emulator.options import Options
from local.emulator.permissions.asking import Asking
from local.emulator.processes import ProcessLedger
from local.emulator.tasks import services
from local.emulator.tasks.engine import LocalEngine
from local.emulator.tasks.images import ImageStore


def install(options: Options, ledger: ProcessLedger, asking: Asking) -> None:
    """Let ECS run its tasks as processes."""
    services.install(LocalEngine(options, ImageStore(options.images), ledger, asking))
