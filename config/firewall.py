"""The web application firewall in front of the load balancer."""

from typing import Literal

from pydantic import Field

from config.section import Section, Without

# What a load balancer says that nobody has thought about; prod has to think about it.
NOT_FILTERED = Without(reason="outside of prod nobody is told the address, and a firewall costs 10 USD a month")


class FirewallConfig(Section):
    """A web ACL of AWS WAF: AWS's managed rules against what is known to be bad, and a limit per address."""

    blocks: bool = True
    """Whether it refuses requests; False only counts them, for the first weeks, until the counts show whom it would
    have refused."""
    inspects_bodies: bool = False
    """Whether rules that look into bodies refuse requests, or only count them: to these rules free text, such as the
    HTML of an e-mail, looks like an attack, and they see the first 8 KiB only."""
    requests_per_address: int = Field(default=10_000, ge=10, le=2_000_000_000)
    """Requests that one address may make within `window_seconds`; further ones are answered by 429."""
    window_seconds: Literal[60, 120, 300, 600] = 300
    """Seconds over which requests of an address are counted."""
    logs: Literal["refused", "all"] = "refused"
    """Which requests are logged: those that a rule refused or counted, or all; never with their API keys and tokens."""
