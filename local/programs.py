"""Servers of this machine's packages that stand behind AWS services: where they are, and how to get a missing one."""

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from local.errors import LocalError

# Debian's `rabbitmq-server` in /usr/sbin is a wrapper for the system's own broker; this is the program itself.
_BEFORE_PATH = ("/usr/lib/rabbitmq/bin",)
# Where packages install servers that the PATH of an ordinary user need not name.
_AFTER_PATH = ("/usr/local/sbin", "/usr/sbin", "/usr/local/bin", "/usr/bin", "/opt/homebrew/sbin", "/opt/homebrew/bin")


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A server that is installed with the system's package manager."""

    service: str
    """The AWS service that cannot do without it."""
    commands: tuple[str, ...]
    """Any one of these serves; the first one that is found is taken."""
    package: str
    """Debian's package."""

    def find(self, *, preferred: str | None = None) -> Path | None:
        """Its path; `preferred` is looked for first if it is one of the commands."""
        folders = [*_BEFORE_PATH, *os.environ.get("PATH", os.defpath).split(os.pathsep), *_AFTER_PATH]
        for command in sorted(self.commands, key=lambda command: command != preferred):
            if found := shutil.which(command, path=os.pathsep.join(folders)):
                return Path(found)
        return None

    def require(self, *, preferred: str | None = None) -> Path:
        """Its path, as `find`.

        Raises:
            LocalError: it is not installed; the message says what to type.
        """
        found = self.find(preferred=preferred)
        if found is None:
            raise LocalError(self.advice)
        return found

    @property
    def advice(self) -> str:
        """What needs it, and what to type."""
        return f"{self.service} needs {' or '.join(self.commands)}; type: sudo apt-get install {self.package}"


CACHE = Program(service="ElastiCache", commands=("redis-server", "valkey-server"), package="redis-server")
BROKER = Program(service="Amazon MQ", commands=("rabbitmq-server",), package="rabbitmq-server")
# Erlang's port mapper daemon; a broker's node registers with it.
EPMD = Program(service="Amazon MQ", commands=("epmd",), package="rabbitmq-server")
METRICS = Program(service="Amazon Managed Service for Prometheus", commands=("prometheus",), package="prometheus")

NEEDED: Mapping[str, tuple[Program, ...]] = MappingProxyType(
    {
        "AWS::ElastiCache::CacheCluster": (CACHE,),
        "AWS::ElastiCache::ReplicationGroup": (CACHE,),
        "AWS::AmazonMQ::Broker": (BROKER, EPMD),
        "AWS::APS::Workspace": (METRICS,),
    }
)
"""What the embedded cloud runs for a resource, by CloudFormation type."""


def missing(types: Iterable[str]) -> list[str]:
    """What has to be installed before resources of these CloudFormation types can be created: a sentence for each."""
    needed = (NEEDED[kind] for kind in set(types) if kind in NEEDED)
    # Of a type's programs the first alone: its package brings the others.
    first = (next((program for program in programs if program.find() is None), None) for programs in needed)
    return sorted({program.advice for program in first if program is not None})
