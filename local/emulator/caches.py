"""A real Redis or Valkey behind every replication group and stand-alone cluster of the emulator's ElastiCache.

The emulator keeps ElastiCache's records and, without a Docker engine, starts nothing. One server stands for all nodes
of a group: replicas have its address, so what a reader sees is never behind. A server that ends is replaced by an
empty one. Not emulated, and refused: groups of several shards, user groups, Memcached.
"""

import copy
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

import redis
from ministack.services import elasticache

from local.emulator import ports
from local.emulator.cache_server import CacheServer
from local.emulator.options import Options
from local.emulator.processes import ProcessLedger
from local.errors import LocalError
from local.programs import CACHE

_log = logging.getLogger(__name__)

Record = dict[str, Any]
Answer = tuple[int, dict[str, str], Any]
Action = Callable[[dict[str, Any]], Answer]

# A name of the servers' certificate.
HOST = "localhost"
_ENGINES = ("redis", "valkey")
# Of the parameters that groups may set: those that Redis and Valkey servers know by the same name.
_PARAMETERS = frozenset(
    {
        *("maxmemory-policy", "maxmemory-samples", "notify-keyspace-events"),
        *("slowlog-log-slower-than", "slowlog-max-len", "tcp-keepalive", "timeout"),
    }
)
# Amazon ElastiCache User Guide, "Authenticating with the AUTH command".
_TOKEN = re.compile(r"[A-Za-z0-9!&#$^<>-]{16,128}")


class Caches:
    """The servers, by the ARN of their replication group or cluster."""

    def __init__(self, options: Options, ledger: ProcessLedger) -> None:
        """Keep their files below the emulator's data folder."""
        self._options = options
        self._ledger = ledger
        self._servers: dict[str, CacheServer] = {}

    def spawn(
        self, *, labels: Mapping[str, str], engine: str, transit: bool = False, auth_token: str | None = None, **_: Any
    ) -> tuple[str, int, str]:
        """Start a server where MiniStack starts a container: host, port and what it keeps as the container's id.

        Raises:
            LocalError: no program is installed for the engine, no port is free, or the server does not come up.
        """
        if engine not in _ENGINES:
            raise LocalError(f"engine {engine!r} is not emulated; allowed: {', '.join(_ENGINES)}")
        program = CACHE.require(preferred=f"{engine}-server")
        group = labels.get("rg_id")
        arn = elasticache._arn_replication_group(group) if group else elasticache._arn_cluster(labels["cluster_id"])
        identifier = str(arn).rpartition(":")[2]
        port = ports.reserve(self._options.server_ports, flag="--server-ports")
        server = CacheServer(
            program=program,
            folder=self._options.servers / "elasticache" / identifier,
            log=self._options.logs / "elasticache" / f"{identifier}.log",
            port=port,
            tls=transit,
            options=self._options,
        )
        self._servers[arn] = server
        try:
            server.start(self._ledger, tokens=[auth_token] if auth_token else [])
        except (LocalError, OSError):
            self.remove(arn)
            raise
        return HOST, port, arn

    def find(self, arn: str) -> CacheServer | None:
        """The server of a replication group or cluster."""
        return self._servers.get(arn)

    def remove(self, arn: str) -> None:
        """End a server and delete its folder."""
        server = self._servers.pop(arn, None)
        if server is not None:
            server.remove()
            ports.release(server.port)


def install(options: Options, ledger: ProcessLedger) -> Caches:
    """Let ElastiCache have real servers."""
    caches = Caches(options, ledger)
    elasticache._spawn_redis_container = caches.spawn
    wrappers: dict[str, Callable[[Caches, Action], Action]] = {
        "_create_replication_group": _create_group,
        "_create_cache_cluster": _create,
        "_modify_replication_group": _modify,
        "_increase_replica_count": _recount,
        "_decrease_replica_count": _recount,
        "_delete_replication_group": _delete_group,
        "_delete_cache_cluster": _delete_cluster,
        "_modify_cache_parameter_group": _modify_parameters,
        "_reset_cache_parameter_group": _modify_parameters,
    }
    for name, wrapper in wrappers.items():
        setattr(elasticache, name, wrapper(caches, getattr(elasticache, name)))
    return caches


def _refusal(parameters: Mapping[str, Any]) -> Answer | None:
    """What AWS, or only this cloud, does not do; None when nothing is wrong."""
    token = elasticache._p(parameters, "AuthToken")
    if token and not _TOKEN.fullmatch(token):
        return _error(
            "InvalidParameterValue",
            "AuthToken must have 16 to 128 characters: letters, digits and any of ! & # $ ^ < > -",
        )
    if int(elasticache._p(parameters, "NumNodeGroups") or 1) > 1:
        return _error("InvalidParameterValue", "several shards (NumNodeGroups) are not emulated; allowed: 1")
    if any(name.startswith(("UserGroupIds.", "UserGroupIdsToAdd.")) for name in parameters):
        return _error("InvalidParameterValue", "UserGroupIds is not emulated; use AuthToken")
    return None


def _create(_: Caches, original: Action) -> Action:
    def create(parameters: dict[str, Any]) -> Answer:
        refusal = _refusal(parameters)
        if refusal:
            return refusal
        try:
            return original(parameters)
        except (LocalError, OSError) as error:
            _log.error("a cache did not start: %s", error)
            return _error("InvalidParameterValue", str(error))

    return create


def _create_group(caches: Caches, original: Action) -> Action:
    create_nodes = _create(caches, original)

    def create(parameters: dict[str, Any]) -> Answer:
        response = create_nodes(parameters)
        if response[0] >= 400:  # noqa: PLR2004 - refused
            return response
        group = elasticache._replication_groups[elasticache._p(parameters, "ReplicationGroupId")]
        _apply_parameters(caches, group)
        _name_nodes(group)
        element = f"<ReplicationGroup>{elasticache._rg_xml(group)}</ReplicationGroup>"
        body = f"<CreateReplicationGroupResult>{element}</CreateReplicationGroupResult>"
        answer: Answer = elasticache._xml(200, "CreateReplicationGroupResponse", body)
        return answer

    return create


def _name_nodes(group: Record) -> None:
    """Call the nodes as AWS calls those of a group without shards, and give each a record and the server's address."""
    nodes = group["NodeGroups"][0]
    template = elasticache._clusters[group["MemberClusters"][0]]
    for name in group["MemberClusters"]:
        del elasticache._clusters[name]
    names = [f"{group['ReplicationGroupId']}-{number:03}" for number in range(1, len(nodes["NodeGroupMembers"]) + 1)]
    group["MemberClusters"] = names
    for name, member in zip(names, nodes["NodeGroupMembers"], strict=True):
        arn = elasticache._arn_cluster(name)
        member.update(CacheClusterId=name, ReadEndpoint=dict(nodes["PrimaryEndpoint"]))
        zone = member["PreferredAvailabilityZone"]
        elasticache._clusters[name] = {
            **copy.deepcopy(template),
            "CacheClusterId": name,
            "CacheClusterArn": arn,
            "PreferredAvailabilityZone": zone,
        }
        elasticache._tags[arn] = elasticache._copy_tag_list(elasticache._tags[group["ARN"]])


def _modify(caches: Caches, original: Action) -> Action:
    def modify(parameters: dict[str, Any]) -> Answer:
        group = elasticache._replication_groups.get(elasticache._p(parameters, "ReplicationGroupId"))
        former = _tokens(group) if group else []
        response = _refusal(parameters) or original(parameters)
        server = caches.find(group["ARN"]) if group else None
        if group and server and response[0] < 400:  # noqa: PLR2004 - accepted
            if _tokens(group) != former:
                server.set_tokens(_tokens(group))
            _apply_parameters(caches, group)
        return response

    return modify


def _tokens(group: Record) -> list[str]:
    """A rotation keeps the former token beside the new one; where there was none, nobody needs one until it is SET."""
    return [] if group.get("_auth_optional") else list(group["_auth_tokens"])


def _recount(_: Caches, original: Action) -> Action:
    def recount(parameters: dict[str, Any]) -> Answer:
        response = original(parameters)
        if response[0] < 400:  # noqa: PLR2004 - accepted
            _name_nodes(elasticache._replication_groups[elasticache._p(parameters, "ReplicationGroupId")])
        return response

    return recount


def _delete_group(caches: Caches, original: Action) -> Action:
    def delete(parameters: dict[str, Any]) -> Answer:
        response = original(parameters)
        if response[0] < 400:  # noqa: PLR2004 - accepted
            caches.remove(elasticache._arn_replication_group(elasticache._p(parameters, "ReplicationGroupId")))
        return response

    return delete


def _delete_cluster(caches: Caches, original: Action) -> Action:
    def delete(parameters: dict[str, Any]) -> Answer:
        response = original(parameters)
        if response[0] < 400:  # noqa: PLR2004 - accepted
            caches.remove(elasticache._arn_cluster(elasticache._p(parameters, "CacheClusterId")))
        return response

    return delete


def _modify_parameters(caches: Caches, original: Action) -> Action:
    def modify(parameters: dict[str, Any]) -> Answer:
        response = original(parameters)
        name = elasticache._p(parameters, "CacheParameterGroupName")
        for group in elasticache._replication_groups.values():
            if group["CacheParameterGroupName"] == name:
                _apply_parameters(caches, group)
        return response

    return modify


def _apply_parameters(caches: Caches, group: Record) -> None:
    server = caches.find(group["ARN"])
    known = elasticache._param_group_params.get(group["CacheParameterGroupName"], {})
    wanted = {name: str(entry["Value"]) for name, entry in known.items() if name in _PARAMETERS and "Value" in entry}
    if server is None:
        return
    for name, value in wanted.items():
        try:
            server.set_parameters({name: value})
        except redis.ResponseError as error:
            _log.error("%s does not take %s=%s: %s", group["ReplicationGroupId"], name, value, error)


def _error(code: str, message: str) -> Answer:
    response: Answer = elasticache._error(code, re.sub(r"[<>&]", " ", message), 400)
    return response
