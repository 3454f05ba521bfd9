"""A real RabbitMQ behind every RabbitMQ broker of the emulator's Amazon MQ.

The emulator keeps Amazon MQ's records and starts nothing. As on AWS, CreateBroker answers before the broker runs; what
it refuses follows AWS. One node stands for a broker, also for a cluster: its one endpoint is the cluster's. What is
created with another engine type stays a record.
"""

import json
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from ministack.services import mq

from local.emulator import broker_rules, ports
from local.emulator.broker_server import BrokerServer
from local.emulator.options import Options
from local.emulator.processes import ProcessLedger
from local.errors import LocalError

_log = logging.getLogger(__name__)

Record = dict[str, Any]
Answer = tuple[int, dict[str, str], Any]

# A name of the servers' certificate.
HOST = "localhost"
# Of a CreateBroker request, what the emulator does not keep.
_KEPT = (
    *("authenticationStrategy", "configuration", "encryptionOptions", "logs", "maintenanceWindowStartTime"),
    *("securityGroups", "storageType", "subnetIds"),
)
# Brokers that start or stop at the same time.
_WORKERS = 4


class Brokers:
    """The servers, and what is being done to them, by broker id."""

    def __init__(self, options: Options, ledger: ProcessLedger) -> None:
        """Keep their data below the emulator's data folder."""
        self._options = options
        self._ledger = ledger
        self._servers: dict[str, BrokerServer] = {}
        self._work: dict[str, Future[None]] = {}
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="brokers")

    def prepare(self, broker: Record) -> None:
        """Give a new broker a port, which its record names from now on.

        Raises:
            LocalError: RabbitMQ is not installed, or no port is free.
        """
        identifier, name = broker["brokerId"], broker["brokerName"]
        port = ports.reserve(self._options.server_ports, flag="--server-ports")
        try:
            self._servers[identifier] = BrokerServer(
                folder=self._options.servers / "amazon-mq" / name,
                log=self._options.logs / "amazon-mq" / f"{name}.log",
                port=port,
                options=self._options,
                ledger=self._ledger,
            )
        except LocalError:
            ports.release(port)
            raise
        endpoint = f"amqps://{HOST}:{port}"
        broker["brokerInstances"] = [{"consoleURL": "", "endpoints": [endpoint], "ipAddress": ports.LOOPBACK}]

    def create(self, broker: Record, *, username: str, password: str) -> None:
        """Begin to start a prepared broker; its state says when it runs, or that it does not."""
        server = self._servers[broker["brokerId"]]
        self._begin(broker, "CREATION", lambda: server.create(username=username, password=password))

    def reboot(self, broker: Record) -> None:
        """Begin to stop and start a broker; its messages stay."""
        server = self._servers[broker["brokerId"]]

        def restart() -> None:
            server.stop()
            server.start()

        self._begin(broker, "REBOOT", restart)

    def remove(self, identifier: str) -> None:
        """Begin to end a broker and delete its messages."""
        server = self._servers.pop(identifier, None)
        begun = self._work.get(identifier)

        def remove() -> None:
            if begun is not None:
                begun.exception()
            if server is not None:
                server.remove()
                ports.release(server.port)

        self._work[identifier] = self._workers.submit(remove)

    def settle(self, identifier: str) -> None:
        """Wait until what was begun with a broker is done.

        Raises:
            LocalError: it failed.
            OSError: a program or folder could not be used.
        """
        work = self._work.get(identifier)
        if work is not None:
            work.result()

    def serves(self, identifier: str) -> bool:
        """Whether a broker has a server."""
        return identifier in self._servers

    def _begin(self, broker: Record, what: str, action: Callable[[], None]) -> None:
        broker["brokerState"] = f"{what}_IN_PROGRESS"

        def run() -> None:
            try:
                action()
            except Exception as error:
                _log.error("broker %s: %s", broker["brokerName"], error)
                broker["brokerState"] = f"{what}_FAILED"
                raise
            broker["brokerState"] = "RUNNING"

        self._work[broker["brokerId"]] = self._workers.submit(run)


def install(options: Options, ledger: ProcessLedger) -> Brokers:
    """Let Amazon MQ have real servers."""
    brokers = Brokers(options, ledger)
    mq.SUPPORTED_ENGINES["RABBITMQ"]["host_instance_types"].append(broker_rules.SMALLEST)
    mq._create_broker = _create(brokers, mq._create_broker)
    mq._update_broker = _update(mq._update_broker)
    mq._reboot_broker = _reboot(brokers, mq._reboot_broker)
    mq._delete_broker = _delete(brokers, mq._delete_broker)
    return brokers


def _create(brokers: Brokers, original: Callable[[Record], Answer]) -> Callable[[Record], Answer]:
    def create(body: Record) -> Answer:
        rabbitmq = str(body.get("engineType", "")).upper() == "RABBITMQ"
        refused = broker_rules.refusal(body) if rabbitmq else None
        if refused:
            return _error(*refused)
        response = original(body)
        if response[0] >= 400 or not rabbitmq:  # noqa: PLR2004 - refused
            return response
        broker = mq._brokers[json.loads(response[2])["brokerId"]]
        broker.update({name: body[name] for name in _KEPT if name in body})
        try:
            brokers.prepare(broker)
        except LocalError as error:
            mq._delete_broker(broker["brokerId"])
            return _error("engineType", str(error))
        user = body["users"][0]
        brokers.create(broker, username=user["username"], password=user["password"])
        return response

    return create


def _update(original: Callable[[str, Record], Answer]) -> Callable[[str, Record], Answer]:
    def update(identifier: str, body: Record) -> Answer:
        broker = mq._brokers.get(identifier)
        refused = broker_rules.update_refusal(broker, body) if broker and broker["engineType"] == "RABBITMQ" else None
        return _error(*refused) if refused else original(identifier, body)

    return update


def _reboot(brokers: Brokers, original: Callable[[str], Answer]) -> Callable[[str], Answer]:
    def reboot(identifier: str) -> Answer:
        response = original(identifier)
        if response[0] < 400 and brokers.serves(identifier):  # noqa: PLR2004 - accepted
            brokers.reboot(mq._brokers[identifier])
        return response

    return reboot


def _delete(brokers: Brokers, original: Callable[[str], Answer]) -> Callable[[str], Answer]:
    def delete(identifier: str) -> Answer:
        response = original(identifier)
        if response[0] < 400:  # noqa: PLR2004 - accepted
            brokers.remove(identifier)
        return response

    return delete


def _error(field: str, message: str) -> Answer:
    response: Answer = mq._err(400, field, message)
    return response
