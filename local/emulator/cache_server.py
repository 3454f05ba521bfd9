"""One Redis or Valkey server: configured, started, its tokens and parameters changed, stopped."""

import hashlib
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from local.emulator.options import Options
from local.emulator.ports import LOOPBACK
from local.emulator.processes import ProcessLedger
from local.emulator.supervised_server import SupervisedServer
from local.files import write_atomic

# What ElastiCache lets nobody call (Amazon ElastiCache User Guide, "Supported and restricted commands").
_RESTRICTED = (
    *("acl", "bgrewriteaof", "bgsave", "config", "debug", "failover", "migrate"),
    *("module", "psync", "replicaof", "save", "shutdown", "slaveof", "sync"),
)
_ALLOWED_AGAIN = ("acl|cat", "acl|genpass", "acl|getuser", "acl|list", "acl|users", "acl|whoami")
# The user that the emulator itself is; applications are `default`.
_ADMIN = "emulator"
_SETTINGS = (
    "daemonize no",
    "protected-mode no",
    # A node that fails comes back empty, as in ElastiCache.
    'save ""',
    "appendonly no",
    "maxmemory 256mb",
    # ElastiCache's default.
    "maxmemory-policy volatile-lru",
    "loglevel notice",
)


class CacheServer:
    """A server with a folder and a port of its own, under TLS if that is asked for."""

    def __init__(self, *, program: Path, folder: Path, log: Path, port: int, tls: bool, options: Options) -> None:
        """Describe a server; `start` runs it."""
        self.port = port
        self._program = program
        self._folder = folder
        self._log = log
        self._tls = tls
        self._options = options
        self._admin_password = secrets.token_urlsafe(24)
        self._parameters: dict[str, str] = {}
        self._server: SupervisedServer | None = None

    def start(self, ledger: ProcessLedger, *, tokens: Sequence[str]) -> None:
        """Run the server and wait until it answers.

        Args:
            ledger: Sees to it that the server does not outlive the emulator.
            tokens: What opens it, any one of them; without one it is open to everybody on this machine.

        Raises:
            LocalError: it does not come up; the message holds the end of its log.
        """
        self._folder.mkdir(parents=True)
        self._write_users(tokens)
        self._write_configuration()
        self._server = SupervisedServer(
            [str(self._program), str(self._configuration)],
            folder=self._folder,
            log=self._log,
            environment={},
            ledger=ledger,
            answers=self._answers,
        )
        self._server.start()

    def set_tokens(self, tokens: Sequence[str]) -> None:
        """Let these tokens open the server from now on and no other; open connections stay open.

        Raises:
            redis.RedisError: the server cannot be reached.
        """
        self._write_users(tokens)
        with self._connect() as client:
            client.execute_command("ACL", "SETUSER", "default", *self._default_user(tokens))

    def set_parameters(self, parameters: Mapping[str, str]) -> None:
        """Apply parameters of a parameter group, also to a server that replaces this one.

        Raises:
            redis.RedisError: the server cannot be reached, or refuses a value.
        """
        with self._connect() as client:
            for name, value in parameters.items():
                client.config_set(name, value)
        self._parameters.update(parameters)
        self._write_configuration()

    def remove(self) -> None:
        """End the server and delete its folder."""
        if self._server is not None:
            self._server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _configuration(self) -> Path:
        return self._folder / "server.conf"

    @property
    def _users(self) -> Path:
        return self._folder / "users.acl"

    def _write_configuration(self) -> None:
        lines = [f"bind {LOOPBACK}", f'dir "{self._folder}"', f'aclfile "{self._users}"', *_SETTINGS]
        if self._tls:
            lines += [
                *("port 0", f"tls-port {self.port}", "tls-auth-clients no", 'tls-protocols "TLSv1.2 TLSv1.3"'),
                *(f'tls-cert-file "{self._options.certificate}"', f'tls-key-file "{self._options.key}"'),
            ]
        else:
            lines.append(f"port {self.port}")
        lines += [f'{name} "{value}"' for name, value in self._parameters.items()]
        write_atomic(self._configuration, "\n".join(lines) + "\n", mode=0o600)

    def _write_users(self, tokens: Sequence[str]) -> None:
        users = {_ADMIN: ["reset", "on", _password(self._admin_password), "~*", "&*", "+@all"]}
        users["default"] = self._default_user(tokens)
        lines = [f"user {name} {' '.join(rules)}\n" for name, rules in users.items()]
        write_atomic(self._users, "".join(lines), mode=0o600)

    @staticmethod
    def _default_user(tokens: Sequence[str]) -> list[str]:
        commands = ["+@all", *(f"-{name}" for name in _RESTRICTED), *(f"+{name}" for name in _ALLOWED_AGAIN)]
        return ["reset", "on", *(map(_password, tokens) if tokens else ["nopass"]), "~*", "&*", *commands]

    def _answers(self) -> bool:
        try:
            with self._connect() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def _connect(self) -> redis.Redis:
        return redis.Redis(
            host=LOOPBACK,
            port=self.port,
            username=_ADMIN,
            password=self._admin_password,
            ssl=self._tls,
            ssl_ca_certs=str(self._options.ca),
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=2,
            socket_timeout=5,
        )


def _password(text: str) -> str:
    """A password as an ACL rule that does not show it."""
    return f"#{hashlib.sha256(text.encode()).hexdigest()}"
