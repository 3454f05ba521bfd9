"""Where an outgoing connection may lead, where somebody else has chosen the host."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from services.addresses import is_public
from services.failures import PermanentError

_HTTPS = 443


class RefusedTargetError(PermanentError):
    """The host leads somewhere inside. Its text does not say where: whoever asked may be looking for just that."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Every public address, and whatever else the hosts of `inside` lead to: each a host with a port, or with any."""

    inside: frozenset[tuple[str, int | None]] = frozenset()

    @classmethod
    def of_hosts(cls, hosts: Iterable[str]) -> Self:
        """Lets these be reached inside: `name`, with any port, or `name:port`."""
        split = (urlsplit(f"//{host}") for host in hosts)
        return cls(frozenset((each.hostname or "", each.port) for each in split))

    @classmethod
    def of_url(cls, url: str) -> Self:
        """Lets the one host and port of a URL be reached inside, which whoever operates the system has chosen."""
        parts = urlsplit(url)
        return cls(frozenset({(parts.hostname or "", parts.port or _HTTPS)}))

    def require(self, host: str, port: int, addresses: Iterable[str]) -> None:
        """Raises RefusedTargetError unless each of the addresses that a host was found to have may be reached.

        One inside is enough: whoever gives a name some of each wants the other one to be taken in the end.
        """
        if {(host.lower(), port), (host.lower(), None)} & self.inside:
            return
        if not all(is_public(address) for address in addresses):
            raise RefusedTargetError("the target is refused: its host leads to an address that is not public")
