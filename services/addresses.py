"""Which addresses are the world's, rather than somewhere inside: of a host, a VPC, a provider, or of nobody."""

from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, NetmaskValueError

# What is not reachable by everybody, of the registries of special-purpose addresses: this network, private, shared
# (CGNAT), loopback, link-local (the metadata service and the credentials of tasks among it), protocol assignments,
# documentation, the relays of 6to4, benchmarks, multicast, and reserved with broadcast.
# https://www.iana.org/assignments/iana-ipv4-special-registry
_NOT_PUBLIC_V4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
# All that is given out to anybody, without what is special in it: protocol assignments (Teredo among them),
# documentation, and 6to4, whose addresses hide one of IPv4. Unique local (fd00:ec2::254), link-local, loopback,
# IPv4-mapped and multicast addresses lie outside.
# https://www.iana.org/assignments/iana-ipv6-special-registry
_GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
# In subnets with DNS64 every public IPv4 address has this form (RFC 6052); what is in it decides.
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(text: str) -> bool:
    """Whether an address, as the system's resolver writes it, is one that anybody may reach; False for what is none."""
    try:
        address = IPv6Address(text) if ":" in text else IPv4Address(text)
    except (AddressValueError, NetmaskValueError):
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    if address in _NAT64:
        return is_public(str(IPv4Address(int(address) & 0xFFFFFFFF)))
    return address in _GLOBAL_UNICAST_V6 and not any(address in network for network in _NOT_PUBLIC_V6)
