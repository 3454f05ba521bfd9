"""Serving MiniStack's application on one TLS port of the loopback address, from start to an end without leftovers."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable

import ministack.app
from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from ministack.core import hypercorn_compat, lambda_runtime

from local.emulator.additions import install
from local.emulator.options import Options
from local.emulator.ports import LOOPBACK
from local.emulator.processes import ProcessLedger, stop_left_behind
from local.errors import LocalError

# All that was started must be gone this many seconds after SIGTERM; after that it is killed.
SHUTDOWN_SECONDS = 9.0

_log = logging.getLogger(__name__)


def serve(options: Options) -> None:
    """Serve until SIGTERM or SIGINT, then stop every process that was started and end this one with status 0."""
    ledger = ProcessLedger(options.data / "run")
    hypercorn_compat.install()
    stop_additions = install(options, ledger)
    asyncio.run(_serve(options, stop_additions))
    raise LocalError("the server ended by itself; its log says why")


async def _serve(options: Options, stop_additions: Callable[[], None]) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)

    async def shutdown() -> None:
        await stopping.wait()
        watchdog = threading.Timer(SHUTDOWN_SECONDS, _give_up, (options,))
        watchdog.daemon = True
        watchdog.start()
        # While requests are still answered: a task that drains may need the cloud to finish its work.
        await asyncio.gather(asyncio.to_thread(stop_additions), asyncio.to_thread(lambda_runtime.reset))
        # Nobody is left whom this process owes anything; clients' idle connections and the threads of unfinished
        # requests would hold up an orderly exit for many seconds.
        logging.shutdown()
        os._exit(0)

    config = Config()
    config.bind = [f"{LOOPBACK}:{options.port}"]
    config.certfile, config.keyfile = str(options.certificate), str(options.key)
    config.keep_alive_timeout = 75
    config.loglevel = os.environ["LOG_LEVEL"]
    await hypercorn_serve(ministack.app.app, config, shutdown_trigger=shutdown)


def _give_up(options: Options) -> None:
    """End this process although something hangs; children are killed by the ledger on disk."""
    _log.error("shutdown took longer than %s s; killing what is left", SHUTDOWN_SECONDS)
    stop_left_behind(options.data / "run", grace_seconds=0)
    os._exit(1)
