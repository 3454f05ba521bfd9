"""AWS::APS::Workspace, each a real Prometheus server, and AWS::APS::RuleGroupsNamespace.

The emulator has no such service: its API does not list workspaces. An alert manager definition has no effect.
"""

import uuid
from http.client import HTTPException

from ministack.core.responses import get_account_id, get_region

from local.emulator import ports
from local.emulator.options import Options
from local.emulator.processes import ProcessLedger
from local.emulator.prometheus_server import PrometheusServer
from local.emulator.resources.registry import CreatedAgain, Properties, Provisioned, register_type
from local.errors import LocalError

_WORKSPACE = "AWS::APS::Workspace"
_RULES = "AWS::APS::RuleGroupsNamespace"


def register(options: Options, ledger: ProcessLedger) -> None:
    """Provide both types."""
    workspaces = _Workspaces(options, ledger)
    register_type(_WORKSPACE, workspaces, blocks=True)
    register_type(_RULES, _RuleGroups(workspaces), blocks=True)


class _Workspaces:
    """AWS::APS::Workspace; Ref is its ARN."""

    def __init__(self, options: Options, ledger: ProcessLedger) -> None:
        """Keep their data below the emulator's data folder."""
        self._options = options
        self._ledger = ledger
        self._servers: dict[str, PrometheusServer] = {}
        self._ports: dict[str, tuple[int, int]] = {}

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:  # noqa: ARG002
        """Start the server of a new workspace.

        Raises:
            ValueError: it does not come up, or Prometheus is not installed.
        """
        identifier = f"ws-{uuid.uuid4()}"
        arn = f"arn:aws:aps:{get_region()}:{get_account_id()}:workspace/{identifier}"
        try:
            port, own_port = self._reserve_ports(arn)
            server = self._servers[arn] = PrometheusServer(
                folder=self._options.servers / "prometheus" / identifier,
                log=self._options.logs / "prometheus" / f"{identifier}.log",
                port=port,
                own_port=own_port,
                prefix=f"/workspaces/{identifier}",
                ledger=self._ledger,
            )
            server.create()
        except (LocalError, OSError) as error:
            self.delete(arn, properties)
            raise ValueError(f"{_WORKSPACE}: {error}") from error
        return arn, self._attributes(arn)

    def update(
        self,
        physical_id: str,
        old: Properties,
        new: Properties,
        stack: str,
        logical_id: str | None = None,
    ) -> Provisioned:
        """Keep the workspace; only another key makes a new one, and everything else has no effect here."""
        if old.get("KmsKeyArn") != new.get("KmsKeyArn"):
            return self.create(logical_id or physical_id, new, stack)
        return physical_id, self._attributes(physical_id)

    def delete(self, physical_id: str, properties: Properties) -> None:  # noqa: ARG002 - CloudFormation's signature
        """End the server and delete what it keeps."""
        server = self._servers.pop(physical_id, None)
        if server is not None:
            server.remove()
        for port in self._ports.pop(physical_id, ()):
            ports.release(port)

    def server(self, arn: str) -> PrometheusServer:
        """The server of a workspace.

        Raises:
            ValueError: there is no such workspace.
        """
        if arn not in self._servers:
            raise ValueError(f"{_RULES}: there is no workspace {arn}")
        return self._servers[arn]

    def _reserve_ports(self, arn: str) -> tuple[int, int]:
        port, own_port = (ports.reserve(self._options.server_ports, flag="--server-ports") for _ in range(2))
        self._ports[arn] = (port, own_port)
        return port, own_port

    def _attributes(self, arn: str) -> dict[str, str]:
        identifier = arn.rpartition("/")[2]
        port, _ = self._ports[arn]
        endpoint = f"http://localhost:{port}/workspaces/{identifier}/"
        return {"Arn": arn, "WorkspaceId": identifier, "PrometheusEndpoint": endpoint}


class _RuleGroups(CreatedAgain):
    """AWS::APS::RuleGroupsNamespace; Ref is its ARN."""

    def __init__(self, workspaces: _Workspaces) -> None:
        """Give rules to these workspaces."""
        self._workspaces = workspaces

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:  # noqa: ARG002
        """Let the workspace evaluate the rules.

        Raises:
            ValueError: there is no such workspace, or it does not accept the rules.
        """
        workspace, name = str(properties["Workspace"]), str(properties["Name"])
        try:
            self._workspaces.server(workspace).set_rules(name, str(properties["Data"]))
        except (LocalError, OSError, HTTPException) as error:
            raise ValueError(f"{_RULES}: {error}") from error
        arn = f"{workspace.replace(':workspace/', ':rulegroupsnamespace/')}/{name}"
        return arn, {"Arn": arn}

    def delete(self, physical_id: str, properties: Properties) -> None:  # noqa: ARG002 - CloudFormation's signature
        """Evaluate the rules no more; a workspace that is gone took them with it."""
        workspace, _, name = physical_id.replace(":rulegroupsnamespace/", ":workspace/").rpartition("/")
        try:
            self._workspaces.server(workspace).set_rules(name, None)
        except (ValueError, LocalError, OSError, HTTPException):
            return
