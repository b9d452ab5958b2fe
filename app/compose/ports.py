"""The short form of a port, `ip:published:target/protocol` with ranges, → long forms."""

import re
from typing import Any, Final

_RANGE: Final = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
_MOST: Final = 1000  # of one range: nobody publishes more on purpose


def parse_ports(text: str) -> list[dict[str, Any]] | None:
    """One long form a port of the range, `None` when it is no port."""
    rest, slash, protocol = text.strip().partition("/")
    head, _, container = rest.rpartition(":")
    ip, _, host = head.rpartition(":") if head else ("", "", "")
    ip = ip.removeprefix("[").removesuffix("]")
    targets = _range(container)
    hosts = _range(host) if host else None
    if targets is None or (host and hosts is None) or (slash and not protocol) or len(targets) > _MOST:
        return None
    protocol = (protocol or "tcp").lower()
    if protocol not in ("tcp", "udp", "sctp"):
        return None
    if hosts is not None and len(hosts) != len(targets) and len(targets) != 1:
        return None
    found = []
    for i, target in enumerate(targets):
        port: dict[str, Any] = {"mode": "ingress", "target": target, "protocol": protocol}
        if ip:
            port["host_ip"] = ip
        if hosts is not None:
            port["published"] = host if len(hosts) != len(targets) else str(hosts[i])
        found.append(port)
    return found


def _range(text: str) -> range | None:
    match = _RANGE.fullmatch(text)
    if match is None:
        return None
    first, last = int(match[1]), int(match[2] or match[1])
    return range(first, last + 1) if 0 < first <= last <= 65535 else None
