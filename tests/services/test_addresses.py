"""Which addresses anybody may reach."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from services.addresses import is_public

INSIDE = {
    "this network": "0.0.0.0",  # noqa: S104  # asked for, not listened at
    "private, class A": "10.0.0.5",
    "shared (CGNAT)": "100.64.0.1",
    "the last of shared": "100.127.255.255",
    "loopback": "127.0.0.1",
    "all of loopback": "127.255.255.254",
    "instance metadata": "169.254.169.254",
    "credentials of a task": "169.254.170.2",
    "the VPC's resolver": "169.254.169.253",
    "private, class B": "172.16.0.1",
    "the last of class B": "172.31.255.255",
    "private, class C": "192.168.1.1",
    "protocol assignments": "192.0.0.8",
    "documentation": "192.0.2.1",
    "benchmarks": "198.19.0.1",
    "multicast": "224.0.0.1",
    "global multicast": "233.252.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "unspecified, IPv6": "::",
    "loopback, IPv6": "::1",
    "unique local": "fc00::1",
    "instance metadata, IPv6": "fd00:ec2::254",
    "link-local, IPv6": "fe80::1",
    "with a zone": "fe80::1%eth0",
    "multicast, IPv6": "ff02::1",
    "IPv4-mapped": "::ffff:127.0.0.1",
    "IPv4-mapped, public": "::ffff:8.8.8.8",
    "IPv4-compatible": "::127.0.0.1",
    "NAT64 of loopback": "64:ff9b::127.0.0.1",
    "NAT64 of metadata": "64:ff9b::a9fe:a9fe",
    "local NAT64": "64:ff9b:1::8.8.8.8",
    "6to4 of loopback": "2002:7f00:1::",
    "6to4 of a public address": "2002:808:808::",
    "Teredo": "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "documentation, IPv6": "2001:db8::1",
    "discard": "100::1",
    "no address": "example.com",
    "nothing": "",
    "a decimal number": "2130706433",
    "a short form": "127.1",
    "an octal form": "0177.0.0.1",
    "a hexadecimal form": "0x7f.0.0.1",
}


@pytest.mark.parametrize("address", INSIDE.values(), ids=INSIDE)
def test_what_is_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.1", "192.0.1.1", "223.255.255.255"),
        *("2606:4700:4700::1111", "2a00:1450::1", "64:ff9b::8.8.8.8"),
    ],
)
def test_what_is_outside_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("step", [2**18 + 1, 2**19 + 12345])
def test_nothing_that_the_standard_library_knows_is_public(step: int) -> None:
    """Over all of IPv4 and as many of IPv6: what Python calls private, reserved or multicast is refused here, too."""
    for number in range(0, 2**32, step):
        four, six = IPv4Address(number), IPv6Address(number << 96 | number)
        for address in (four, six):
            if is_public(str(address)):
                assert address.is_global, address
                assert not address.is_multicast, address
