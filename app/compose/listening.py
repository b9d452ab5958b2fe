"""Where a container listens: published ports, exposed ones, else what is known of its image. Pure."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Final

from app.compose.builds import from_root
from app.compose.dockerfiles import exposed_ports
from app.compose.files import decoded, read_file
from app.compose.images import known_port
from app.compose.work import Part, Port, Work, whole
from app.errors import InvalidError

_EXPOSED_RANGE: Final = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/(tcp|udp|sctp))?", re.IGNORECASE)
_MOST_EXPOSED: Final = 200


def find_ports(work: Work, part: Part) -> None:
    """The container's ports: published ones, exposed ones, else what is known of the image."""
    found: dict[tuple[int, str], Port] = {}
    for entry in part.service.get("ports") or ():
        port = _published(entry)
        found.setdefault((port.number, port.protocol), port)
        if found[port.number, port.protocol] is not port and port.published is not None:
            found[port.number, f"{port.protocol}#{port.published}"] = port
    for text in part.service.get("expose") or ():
        match = _EXPOSED_RANGE.fullmatch(str(text).strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 0 < first <= last <= 65535 or last - first > _MOST_EXPOSED:
            message = f"'{str(text)[:40]}' is no port: left out"
            work.findings.warn("INVALID_COMPOSE_SYNTAX", message, service=part.key, key="expose")
            continue
        protocol = ((match[3] if match else None) or "tcp").upper()
        for number in range(first, last + 1):
            found.setdefault((number, protocol), Port(number, protocol))
    if not found:
        facts = work.options.image_facts.get(part.image)
        numbers = list(facts.ports) if facts else []
        known = known_port(part.image)
        if known and (known in numbers or not numbers):  # an image may expose the port of its cluster's gossip too
            numbers = [known, *(number for number in numbers if number != known)]
        for number in numbers:
            found[number, "TCP"] = Port(number)
    for port in () if found else _of_dockerfile(work, part):
        found[port.number, port.protocol] = port
    part.ports = list(found.values())
    listed = {(port.number, port.protocol): None for port in part.ports}
    part.data["ports"] = [
        {"name": f"{protocol.lower()}-{number}", "containerPort": number, "protocol": protocol}
        for number, protocol in listed
    ]
    if part.ports and part.kind in ("deployment", "statefulset", "daemonset"):
        part.data["port"] = part.ports[0].number


def _of_dockerfile(work: Work, part: Part) -> list[Port]:
    """What the Dockerfile exposes, where the service is built and the Dockerfile is among the files."""
    build = part.service.get("build")
    path = from_root(str(build.get("context", ".")), str(build.get("dockerfile") or "Dockerfile")) if build else ""
    try:
        content = read_file(work.project.files, path) if path else None
        texts = exposed_ports(decoded(content, path), str(build.get("target") or "")) if content and build else []
    except InvalidError:  # too large, or no text: no Dockerfile
        return []
    split = [text.partition("/") for text in texts]
    return [Port(int(number), (protocol or "tcp").upper()) for number, _, protocol in split]


def _published(entry: Mapping[str, Any]) -> Port:
    protocol = str(entry.get("protocol") or "tcp").upper()
    return Port(
        int(entry["target"]),
        protocol if protocol in ("TCP", "UDP", "SCTP") else "TCP",
        whole(str(entry.get("published") or "").partition("-")[0]),
        loopback=is_loopback(str(entry.get("host_ip") or "")),
    )


def is_loopback(address: str) -> bool:
    """Does it mean the machine itself?"""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False
