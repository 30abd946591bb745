"""Which addresses are off limits: everything that is not the public Internet.

The one check that cannot be fooled by names, redirects or a DNS server that changes its mind is made on the address
a socket is about to connect to (`refusal`); `host_refusal` is for hosts that already say it by their name, and all
there is when a proxy resolves the names.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

# IANA special-purpose address registries (RFC 6890 and its updates, read 2026-11), written out because what
# `ipaddress` calls private differs between Python 3.11 and 3.13.
_SPECIAL = [
    (ipaddress.ip_network(network), reason)
    for network, reason in (
        ("0.0.0.0/8", "this host"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),  # holds Alibaba Cloud's metadata service, 100.100.100.200
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),  # holds most clouds' metadata service, 169.254.169.254
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "IETF protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("168.63.129.16/32", "cloud metadata"),  # Azure's, inside public space
        ("::/96", "unspecified, loopback or IPv4-compatible"),
        ("64:ff9b:1::/48", "local-use NAT64"),
        ("100::/64", "discard-only"),
        ("2001::/23", "IETF protocol assignments"),  # Teredo is 2001::/32
        ("2001:db8::/32", "documentation"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
]

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

# RFC 6761 and RFC 9476; "internal" was set aside by ICANN for private use in 2024, and is what clouds
# call their metadata services (metadata.google.internal).
_LOCAL_NAMES = ("localhost", "local", "internal", "home.arpa", "localdomain")


def refusal(address: str) -> str:
    """Why this IP address is not connected to, "" when it is public."""
    ip = _embedded(ipaddress.ip_address(address.partition("%")[0]))
    return next(
        (reason for network, reason in _SPECIAL if ip.version == network.version and ip in network), ""
    )


def host_refusal(host: str) -> str:
    """Why a URL's host is refused before anything is asked, "" when its name does not tell."""
    name = host.rstrip(".").lower()
    if ip := _literal(name):
        return refusal(ip)
    return "local name" if any(name == n or name.endswith(f".{n}") for n in _LOCAL_NAMES) else ""


def is_named(host: str, hosts: Iterable[str]) -> bool:
    """Whether a setting's list of hosts holds this one; brackets, case and a final dot do not matter."""
    name = host.strip("[]").rstrip(".").lower()
    return any(name == other.strip("[]").rstrip(".").lower() for other in hosts)


def _literal(host: str) -> str:
    """The IP address that a host is a spelling of (127.1, 0x7f000001, 2130706433 included), "" for a name."""
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host)) if host[:1].isdigit() else ""
    except (OSError, UnicodeEncodeError):
        return ""


def _embedded(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one is a way to (mapped, NAT64, 6to4), else itself."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip
