"""Which addresses we may connect to when a user names the host (clusters, Git, registries, webhooks, OIDC).

Every outgoing connection to a user's host resolves here, once, and connects to an address that came back: a name that
answers public first and private next gains nothing. Knows no protocol. Called by every client.
"""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from app.net.lookup import system_lookup

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
AddressClass = Literal[
    "public", "private", "loopback", "link-local", "multicast", "unspecified", "reserved", "metadata"
]

# AWS, GCP and Azure, Alibaba, Azure's wire server, Oracle: they hand the machine's own credentials to whoever asks.
METADATA: Final = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",
        "169.254.170.2",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
    )
)
_THIS_NETWORK: Final = ipaddress.ip_network("0.0.0.0/8")
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_NAT64_LOCAL: Final = ipaddress.ip_network("64:ff9b:1::/48")
_V4_COMPATIBLE: Final = ipaddress.ip_network("::/96")


class BlockedAddressError(Exception):
    """The host is, or resolves to, an address that may not be connected to. Says which setting would allow it."""


@dataclass(frozen=True)
class AddressGuard:
    """Resolve a host to addresses that may be connected to.

    Args:
        allow_private: private ranges (10/8, 192.168/16, fc00::/7, 100.64/10, ...).
        allow_loopback: this machine.
        allowlist: hosts, `host:port` and CIDRs that are always allowed (OUTBOUND_ALLOWLIST).
        settings_prefix: for the message: `CLUSTER` when the flags come from CLUSTER_ALLOW_PRIVATE and _LOOPBACK; empty
            where no such setting exists.
        lookup: who resolves names.
    """

    allow_private: bool
    allow_loopback: bool
    allowlist: tuple[str, ...]
    settings_prefix: str = "CLUSTER"
    lookup: Callable[[str, int], list[str]] = system_lookup

    def resolve(self, host: str, port: int) -> list[str]:
        """Every address of a host, each of them checked: connect to these, not to the name.

        Raises:
            BlockedAddressError: one of its addresses isn't allowed here.
            socket.gaierror: it has no address.
        """
        host = host.strip("[]").rstrip(".").lower()
        if not host:  # getaddrinfo takes an empty host for this machine
            raise socket.gaierror(socket.EAI_NONAME, "the host is empty")
        addresses = self.lookup(host, port)
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        if not self._is_named(host, port):
            for address in addresses:
                self._check(host, ipaddress.ip_address(address))
        return addresses

    def _is_named(self, host: str, port: int) -> bool:
        named = {entry.strip().lower() for entry in self.allowlist}
        return host in named or f"{host}:{port}" in named or f"[{host}]:{port}" in named

    def _check(self, host: str, address: IPAddress) -> None:
        kind = address_class(address)
        allowed = (
            kind == "public"
            or (kind == "private" and self.allow_private)
            or (kind == "loopback" and self.allow_loopback)
            or any(address in network for network in _networks(self.allowlist))
        )
        if not allowed:
            raise BlockedAddressError(self._refusal(host, kind))

    def _refusal(self, host: str, kind: AddressClass) -> str:
        # The address itself is left out: the guard is no way to ask our name server about inner hosts.
        ways = ["by naming it in OUTBOUND_ALLOWLIST"]
        if self.settings_prefix and kind in {"private", "loopback"}:
            ways.insert(0, f"with {self.settings_prefix}_ALLOW_{kind.upper()}")
        article = "an" if kind == "unspecified" else "a"
        return (
            f"{host} is {article} {kind} address, not allowed here: an administrator can allow it {' or '.join(ways)}"
        )


def address_class(address: IPAddress) -> AddressClass:
    """What kind of place an address is; one that carries an IPv4 address inside is judged by that one."""
    if address in _NAT64_LOCAL:  # where the inner address stands differs by network (RFC 8215): no way to judge it
        return "reserved"
    address = _embedded(address)
    if address in METADATA:
        return "metadata"
    if address.is_unspecified or address in _THIS_NETWORK:
        return "unspecified"
    if address.is_loopback:
        return "loopback"
    if address.is_link_local:
        return "link-local"
    if address.is_multicast:
        return "multicast"
    if address.version == 4 and address.is_reserved:
        return "reserved"
    # `is_global` and not `is_private`: 100.64.0.0/10 (carrier NAT, used inside clouds) is neither.
    return "public" if address.is_global and not getattr(address, "is_site_local", False) else "private"


def _embedded(address: IPAddress) -> IPAddress:
    """The IPv4 address that packets would end at, for mapped, compatible, NAT64, 6to4 and Teredo forms."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.scope_id:  # `fe80::1%eth0`: the scope is no part of what it is
        address = ipaddress.IPv6Address(int(address))
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    last_32_bits = int(address) & 0xFFFF_FFFF
    is_v4_compatible = address in _V4_COMPATIBLE and last_32_bits > 0xFFFF  # `::1` and `::` are themselves
    if address in _NAT64 or is_v4_compatible:
        return ipaddress.IPv4Address(last_32_bits)
    return address


def _networks(allowlist: tuple[str, ...]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The entries that are addresses or CIDRs; names aren't."""
    networks = []
    for entry in allowlist:
        try:
            networks.append(ipaddress.ip_network(entry.strip(), strict=False))
        except ValueError:
            continue
    return networks
