"""Puts the stacks of a system together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Protocol

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Node

from config.model import SystemConfig
from config.problems import ConfigError
from config.rules.place import Place, check_in_place
from constructs_lib.access import Resources
from constructs_lib.costs import state_costs
from constructs_lib.graphs import Graph
from constructs_lib.providers import Provider
from constructs_lib.tags import tag_everything
from constructs_lib.workload import workload_options
from stacks import parts
from stacks.alarms import AlarmsStack
from stacks.api import LOAD_BALANCER, ApiStack
from stacks.backup import BackupStack
from stacks.base import GroundworkStack
from stacks.broker import BrokerStack
from stacks.cache import CacheStack
from stacks.database import DatabaseStack
from stacks.deploy_access import DeployAccessStack
from stacks.monitoring import MonitoringStack
from stacks.network import NetworkStack
from stacks.queue import QueueStack
from stacks.search import SearchStack
from stacks.storage import StorageStack
from stacks.worker import WorkerStack

# Context key of the CDK: the stacks whose assets are bundled at synthesis.
BUNDLING_STACKS = "aws:cdk:bundling-stacks"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stacks:
    """All stacks of a system in one environment, lower ones first; None where the configuration leaves one out."""

    deploy_access: DeployAccessStack | None
    network: NetworkStack
    alarms: AlarmsStack | None
    queue: QueueStack | None
    database: DatabaseStack | None
    cache: CacheStack | None
    broker: BrokerStack | None
    search: SearchStack | None
    storage: StorageStack | None
    api: ApiStack
    worker: WorkerStack | None
    backup: BackupStack | None
    monitoring: MonitoringStack | None

    def __iter__(self) -> Iterator[GroundworkStack]:
        """Yield the stacks there are."""
        return (stack for field in fields(self) if (stack := getattr(self, field.name)) is not None)

    @property
    def security_groups(self) -> Mapping[str, ec2.ISecurityGroup]:
        """Security groups by what they guard: `load_balancer`, `service:name`, `database:name`, `cache`, and so on."""
        found = {
            name if name == LOAD_BALANCER else f"service:{name}": group
            for name, group in self.api.security_groups.items()
        }
        guarded: dict[str, ec2.IConnectable] = {
            f"database:{key}": database.network
            for key, database in (self.database.databases if self.database else {}).items()
        }
        if self.cache is not None:
            guarded["cache"] = self.cache.cache.network
        if self.broker is not None:
            guarded["broker"] = self.broker.broker.network
        if self.search is not None:
            guarded["search"] = self.search.search.network
        return found | {name: network.connections.security_groups[0] for name, network in guarded.items()}


class _Watched(Protocol):
    """A stack that shows graphs of what it holds."""

    @property
    def node(self) -> Node: ...

    @property
    def graphs(self) -> Sequence[Graph]: ...


def new_app(context: Mapping[str, object] | None = None, outdir: str | None = None) -> cdk.App:
    """Return an empty app that bundles nothing in Docker.

    Functions are thin handlers and their layers are packaged beforehand, so there is nothing left to bundle. The CDK
    CLI asks for bundling at every synthesis; context given here comes after the CLI's.

    Args:
        context: in addition to the CLI's.
        outdir: folder of the assembly; None leaves it to the CLI.
    """
    return cdk.App(context=context, outdir=outdir, post_cli_context={BUNDLING_STACKS: []})


def build_app(app: cdk.App, config: SystemConfig, provider: Provider, env: cdk.Environment | None = None) -> Stacks:
    """Add the stacks of a system to an app.

    Args:
        app: made by `new_app`.
        config: a validated configuration.
        provider: where it is deployed to.
        env: account and region; left out, those of the configuration, and where it names none, the templates fit any.

    Raises:
        ConfigError: the configuration does not fit where it is deployed to.
    """
    if env is None and provider.is_aws and config.account is not None and config.region is not None:
        env = cdk.Environment(account=config.account, region=config.region)
    place = Place(
        account=env.account if env is not None else None,
        region=env.region if env is not None else None,
        is_aws=provider.is_aws,
        database_instance_type=provider.database_instance_type,
    )
    if problems := check_in_place(config, place):
        raise ConfigError(f"configuration {config.system}/{config.environment}", problems)
    site = parts.Site(app=app, config=config, workload=workload_options(config, provider), env=env)
    deploy_access = parts.deploy_access(site)
    network = parts.network(site)
    vpc, site = network.vpc, site.around(network.inside)
    alarms = parts.alarms(site)
    topic = alarms.topic if alarms else None
    queue = parts.queue(site, topic)
    database = parts.database(site, vpc, topic)
    cache = parts.cache(site, vpc, topic)
    broker = parts.broker(site, vpc, topic)
    search = parts.search(site, vpc, topic)
    storage = parts.storage(site)
    resources = Resources(
        databases=database.databases if database else {},
        queue=queue.queue if queue else None,
        cache=cache.cache if cache else None,
        broker=broker.broker if broker else None,
        search=search.search if search else None,
        buckets=storage.buckets if storage else {},
    )
    api = parts.api(site, vpc, resources, topic)
    worker = parts.worker(site, vpc, resources, topic)
    backup = parts.backup(site, vpc, resources, topic)
    watched: tuple[_Watched | None, ...] = (api, queue, worker, database, cache, broker, search, backup)
    sections = {stack.node.id: stack.graphs for stack in watched if stack is not None}
    monitoring = parts.monitoring(site, api, sections)
    tag_everything(app, config)
    state_costs(network, config)
    return Stacks(
        deploy_access=deploy_access,
        network=network,
        alarms=alarms,
        queue=queue,
        database=database,
        cache=cache,
        broker=broker,
        search=search,
        storage=storage,
        api=api,
        worker=worker,
        backup=backup,
        monitoring=monitoring,
    )
