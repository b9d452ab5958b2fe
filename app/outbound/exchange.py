"""One request to a host that somebody named, and its answer: the address judged, limits of time and size.

Stands on the sockets, deadlines and HTTP reader that calls to clusters use (`app/kube/`). Which schemes and hosts are
allowed, and what a failure is called, is for those who call it: `app/sources/outbound.py`, `app/registries/client.py`.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

from app.clock import Clock
from app.kube.deadline import Deadline
from app.kube.stream import Stream
from app.kube.target import Target
from app.kube.transport import Transport
from app.net.guard import AddressGuard
from app.net.host_names import host_name

CONNECT_TIMEOUT_S: Final = 5.0
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
REDIRECTS_AT_MOST: Final = 5
# Some hosts answer a browser with their sign-in page; this is how git itself begins.
USER_AGENT: Final = "git/2.40 (KubeOrch)"


class TooMuchError(Exception):
    """The answer is larger than allowed."""


class BadRedirectError(Exception):
    """An answer sends us where we don't go."""


class UnencryptedRedirectError(BadRedirectError):
    """From TLS to a place without it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # may hold a credential
    body: bytes | None = field(default=None, repr=False)

    def payload(self) -> bytes:
        """Its bytes. Raises ValueError for a URL or header that would end its line early."""
        parts = urlsplit(self.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        given = {
            "Host": parts.netloc.rpartition("@")[2],
            "User-Agent": USER_AGENT,
            "Accept-Encoding": "identity",
            "Connection": "close",
            **self.headers,
        }
        if self.body is not None:
            given["Content-Length"] = str(len(self.body))
        head = [f"{self.method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
        if not all(line.isascii() and line.isprintable() for line in head) or " " in path:
            raise ValueError("a line of a request must be printable ASCII")
        return "\r\n".join([*head, "", ""]).encode("ascii") + (self.body or b"")


def exchange(
    request: Request,
    deadline: Deadline,
    *,
    guard: AddressGuard,
    clock: Clock,
    at_most_bytes: int,
    ca_file: Path | None = None,
) -> Answer:
    """Send a request and read its whole answer; redirects are answers too. Scheme and host aren't judged here.

    Args:
        request: what to send.
        deadline: for all of it.
        guard: judges the host's addresses.
        clock: for the time to connect.
        at_most_bytes: of the answer's body.
        ca_file: PEM with authorities that are trusted besides the system's.

    Raises:
        UnreachableError: no usable answer, or an address that isn't allowed.
        TimeoutError: the deadline is over before it began.
        TooMuchError: the body is larger.
    """
    target = Target.parse(origin(request.url))
    context = _context(ca_file) if target.is_tls else None
    transport = Transport(target, guard, context, target.host, CONNECT_TIMEOUT_S, clock)
    sock = transport.open(deadline.left_s())
    with Stream(transport, sock, request.payload(), deadline, None) as stream:
        body = bytearray()
        # The answer to HEAD tells the length of what it doesn't send.
        while request.method != "HEAD" and (part := stream.read_some()):
            body += part
            if len(body) > at_most_bytes:
                raise TooMuchError
        return Answer(stream.status, stream.headers, bytes(body))


def redirected(request: Request, answer: Answer) -> str | None:
    """Where an answer sends us, if it does; still to be judged. Raises BadRedirectError."""
    location = answer.headers.get("location", "")
    if answer.status not in REDIRECTS or not location:
        return None
    url = urljoin(request.url, location).partition("#")[0]
    if not _is_plain(url):
        raise BadRedirectError
    if request.url.startswith("https:") and urlsplit(url).scheme != "https":
        raise UnencryptedRedirectError
    return url


def same_host(one: str, other: str) -> bool:
    """Scheme, host and port: a credential for one goes to no other."""
    return origin(one) == origin(other)


def origin(url: str) -> str:
    """Scheme, host and port, without a path."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"


def _is_plain(url: str) -> bool:
    """A URL whose every part we'd take from a person too."""
    try:
        parts = urlsplit(url)
        _ = parts.port
        host_name(parts.hostname or "")
    except ValueError:
        return False
    return url.isascii() and url.isprintable() and " " not in url and parts.username is None


@lru_cache(maxsize=4)
def _context(ca_file: Path | None) -> ssl.SSLContext:
    """Verifies hosts. Reading the system's authorities takes 15 ms, so once a process."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context
