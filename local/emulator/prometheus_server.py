"""One Prometheus server of a workspace: it keeps what is written to it and evaluates the workspace's rules."""

import shutil
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from local import programs
from local.emulator.ports import LOOPBACK
from local.emulator.processes import ProcessLedger
from local.emulator.prometheus_gateway import Gateway
from local.emulator.supervised_server import SupervisedServer
from local.errors import LocalError
from local.files import write_atomic

_CONFIGURATION = "rule_files: ['rules/*.yml']\n"
_REQUEST_TIMEOUT_SECONDS = 10.0


class PrometheusServer:
    """A server with a folder of its own, and its gateway; what it keeps survives a restart."""

    def __init__(
        self, *, folder: Path, log: Path, port: int, own_port: int, prefix: str, ledger: ProcessLedger
    ) -> None:
        """Describe a server on `own_port` whose paths begin with `prefix` and whose gateway listens on `port`.

        Raises:
            LocalError: Prometheus is not installed.
        """
        program = programs.METRICS.require()
        self._prefix = prefix
        self._folder = folder
        self._own_port = own_port
        self._gateway = Gateway(port=port, server_port=self._own_port, prefix=prefix)
        self._server = SupervisedServer(
            [
                *(str(program), f"--config.file={folder / 'prometheus.yml'}"),
                *(f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={LOOPBACK}:{self._own_port}"),
                *(f"--web.external-url=http://localhost:{port}{prefix}", f"--web.route-prefix={prefix}"),
                *("--web.enable-remote-write-receiver", "--web.enable-lifecycle", "--log.level=warn"),
            ],
            folder=folder,
            log=log,
            environment={},
            ledger=ledger,
            answers=self._answers,
        )

    def create(self) -> None:
        """Make the folder and start.

        Raises:
            LocalError: the server does not come up; the message holds the end of its log.
            OSError: a port is taken.
        """
        (self._folder / "rules").mkdir(parents=True)
        write_atomic(self._folder / "prometheus.yml", _CONFIGURATION)
        self._server.start()
        self._gateway.start()

    def set_rules(self, name: str, rules: str | None) -> None:
        """Evaluate a file of rule groups in Prometheus' own format from now on, or no more.

        Raises:
            LocalError: Prometheus does not accept the rules; the former ones stay.
        """
        file = self._folder / "rules" / f"{name}.yml"
        former = file.read_text(encoding="utf-8") if file.exists() else None
        self._write_rules(file, rules)
        refusal = self._reload()
        if refusal:
            self._write_rules(file, former)
            self._reload()
            raise LocalError(f"Prometheus does not accept the rules {name!r}: {refusal}")

    def remove(self) -> None:
        """End the server and delete what it keeps."""
        self._gateway.stop()
        self._server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @staticmethod
    def _write_rules(file: Path, rules: str | None) -> None:
        if rules is None:
            file.unlink(missing_ok=True)
        else:
            write_atomic(file, rules)

    def _reload(self) -> str | None:
        """Read the configuration anew; why that failed, or None."""
        status, body = self._ask("POST", "/-/reload")
        return None if status == 200 else body.strip()  # noqa: PLR2004 - done

    def _answers(self) -> bool:
        try:
            return self._ask("GET", "/-/ready")[0] == 200  # noqa: PLR2004 - ready
        except (OSError, HTTPException):
            return False

    def _ask(self, method: str, path: str) -> tuple[int, str]:
        connection = HTTPConnection(LOOPBACK, self._own_port, timeout=_REQUEST_TIMEOUT_SECONDS)
        try:
            connection.request(method, f"{self._prefix}{path}")
            response = connection.getresponse()
            return response.status, response.read().decode("utf-8", errors="replace")
        finally:
            connection.close()
