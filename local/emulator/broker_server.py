"""One RabbitMQ node and the port mapper daemon it registers with: configured, started, stopped.

It takes some three seconds to start on two cores, most of it Erlang loading RabbitMQ's modules. The management plugin
and its web server would add to that, so there is no console.
"""

import shutil
import socket
import ssl
from pathlib import Path

from local import programs
from local.emulator import ports
from local.emulator.options import Options
from local.emulator.ports import LOOPBACK
from local.emulator.processes import ProcessLedger
from local.emulator.supervised_server import SupervisedServer
from local.files import write_atomic

# What a client of AMQP 0-9-1 says first.
_PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
# Bytes of quorum queues' log before a new file is begun; RabbitMQ's own figure, 512 MB, is meant for servers.
_LOG_FILE_BYTES = 64 * 1024 * 1024


class BrokerServer:
    """A node with a folder and ports of its own; its messages survive a restart."""

    def __init__(self, *, folder: Path, log: Path, port: int, options: Options, ledger: ProcessLedger) -> None:
        """Describe a node; `create` makes it.

        Raises:
            LocalError: RabbitMQ is not installed, or no port is free.
        """
        program = programs.BROKER.require()
        port_mapper = programs.EPMD.require()
        self.port = port
        self._folder = folder
        self._options = options
        self._own_ports = tuple(ports.reserve(options.server_ports, flag="--server-ports") for _ in range(2))
        mapper_port, _ = self._own_ports
        # Erlang would start a port mapper by itself that serves the whole machine and never ends.
        self._port_mapper = SupervisedServer(
            [str(port_mapper)],
            folder=folder,
            log=log.with_suffix(".epmd.log"),
            environment=self._mapper_environment(),
            ledger=ledger,
            answers=lambda: ports.is_served(mapper_port),
        )
        self._node = SupervisedServer(
            [str(program)],
            folder=folder,
            log=log,
            environment=self._environment(),
            ledger=ledger,
            answers=self._answers,
        )

    def create(self, *, username: str, password: str) -> None:
        """Make the folder and start, with one user, who is administrator of the virtual host `/`; guest is none.

        Raises:
            LocalError: the node does not come up; the message holds the end of its log.
        """
        self._folder.mkdir(parents=True)
        write_atomic(self._folder / "enabled_plugins", "[].\n")
        write_atomic(self._configuration, self._settings(username, password), mode=0o600)
        self.start()

    def start(self) -> None:
        """Run the node and wait until it takes connections.

        Raises:
            LocalError: it does not come up; the message holds the end of its log.
        """
        self._port_mapper.start()
        self._node.start()

    def stop(self) -> None:
        """End the node; its messages stay. Open connections are closed."""
        self._node.stop()
        self._port_mapper.stop()

    def remove(self) -> None:
        """End the node and delete its messages."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
        for port in self._own_ports:
            ports.release(port)

    @property
    def _configuration(self) -> Path:
        return self._folder / "advanced.config"

    def _settings(self, username: str, password: str) -> str:
        certificate, key = (_erlang_string(str(path)) for path in (self._options.certificate, self._options.key))
        return f"""[
 {{rabbit, [
  {{tcp_listeners, []}},
  {{ssl_listeners, [{{"{LOOPBACK}", {self.port}}}]}},
  {{ssl_options, [
   {{certfile, {certificate}}},
   {{keyfile, {key}}},
   {{verify, verify_none}},
   {{versions, ['tlsv1.3', 'tlsv1.2']}}
  ]}},
  {{default_user, {_erlang_binary(username)}}},
  {{default_pass, {_erlang_binary(password)}}},
  {{default_user_tags, [administrator]}},
  {{log, [{{console, [{{enabled, true}}, {{level, warning}}]}}, {{file, [{{file, false}}]}}]}}
 ]}},
 {{ra, [{{wal_max_size_bytes, {_LOG_FILE_BYTES}}}]}}
].
"""

    def _mapper_environment(self) -> dict[str, str]:
        return {"ERL_EPMD_PORT": str(self._own_ports[0]), "ERL_EPMD_ADDRESS": LOOPBACK}

    def _environment(self) -> dict[str, str]:
        absent = str(self._folder / "absent")
        return {
            **self._mapper_environment(),
            "ERL_FLAGS": "-start_epmd false",
            # Erlang writes the cookie there that keeps others out of the node.
            "HOME": str(self._folder),
            "RABBITMQ_NODENAME": "broker@localhost",
            "RABBITMQ_DIST_PORT": str(self._own_ports[1]),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2",
            "RABBITMQ_MNESIA_BASE": str(self._folder / "data"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "enabled_plugins"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self._configuration),
            # Not those of a broker that the machine runs for itself.
            "RABBITMQ_CONFIG_FILE": absent,
            "RABBITMQ_CONF_ENV_FILE": absent,
        }

    def _answers(self) -> bool:
        context = ssl.create_default_context(cafile=str(self._options.ca))
        try:
            with (
                socket.create_connection((LOOPBACK, self.port), timeout=2) as connection,
                context.wrap_socket(connection, server_hostname=LOOPBACK) as channel,
            ):
                channel.sendall(_PROTOCOL_HEADER)
                # The first method of a server that takes the connection, in a frame of type 1.
                return channel.recv(1) == b"\x01"
        except OSError:
            return False


def _erlang_string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _erlang_binary(text: str) -> str:
    return f"<<{','.join(str(byte) for byte in text.encode())}>>"
