"""Where a request comes from: its network, its place (for sessions), its device in words. Pure."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

USER_AGENT_LENGTH: Final = 300
# Order matters: Edge and Opera call themselves Chrome, Chrome calls itself Safari.
BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who knocks, before we know who it is."""

    ip: str
    user_agent: str

    def place(self, mac: Callable[[bytes], str]) -> str:
        """Browser and network as one opaque value; `mac` is keyed, so that it can't be guessed from the store."""
        return mac(f"{network(self.ip)}\n{self.user_agent[:USER_AGENT_LENGTH]}".encode())


def network(ip: str) -> str:
    """The IPv4 /24 or IPv6 /64 of an address; the text itself when it is none."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    width = 24 if address.version == 4 else 64
    return str(ipaddress.ip_network((address, width), strict=False))


def device(user_agent: str) -> str:
    """`Firefox on Linux`, as far as the user agent tells."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    if browser and system:
        return f"{browser} on {system}"
    first_product = re.match(r"[A-Za-z][\w.-]{0,30}", user_agent)
    return browser or system or (first_product[0] if first_product else "Unknown device")
