"""Everything that is added to MiniStack, put in place before it serves the first request."""

from collections.abc import Callable

from local.emulator import (
    alarms,
    authorization,
    backups,
    brokers,
    caches,
    container_registry,
    databases,
    firewalls,
    function_updates,
    load_balancer,
    permissions,
    prompt_stacks,
    public_parameters,
    resources,
    secret_rotation,
    task_authorization,
    tasks,
)
from local.emulator.options import Options
from local.emulator.processes import ProcessLedger


def install(options: Options, ledger: ProcessLedger) -> Callable[[], None]:
    """Put the additions in place. Returns what stops all that they start."""
    asking, stop_record = permissions.install(options)
    servers = databases.install(options, ledger)
    backups.install(servers)
    secret_rotation.install()
    caches.install(options, ledger)
    resources.register(options, ledger, servers, brokers.install(options, ledger))
    tasks.install(options, ledger, asking)
    load_balancer.install()
    firewalls.install()
    alarms.install()
    authorization.install()
    task_authorization.install()
    container_registry.install()
    public_parameters.install()
    prompt_stacks.install()
    end_retired_functions = function_updates.install()

    def stop() -> None:
        end_retired_functions()
        ledger.stop_all()
        stop_record()

    return stop
