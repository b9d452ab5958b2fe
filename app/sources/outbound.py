"""Requests to hosts that people name: each address judged, no redirect followed unasked, limits of time and size.

Stands on the sockets, deadlines and HTTP reader that calls to clusters use (`app/kube/`). Called by `lookup.py` and
`fetching.py`; `cloning.py` asks it for the addresses that git may connect to.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Final, Self
from urllib.parse import urljoin, urlsplit

from app.clock import Clock
from app.kube.deadline import Deadline
from app.kube.errors import UnreachableError, UnreachableReason
from app.kube.stream import Stream
from app.kube.target import Target
from app.kube.transport import Transport
from app.net.guard import AddressGuard, BlockedAddressError
from app.sources.errors import SourceError, source_error
from app.sources.urls import host_name

CONNECT_TIMEOUT_S: Final = 5.0
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
REDIRECTS_AT_MOST: Final = 5
# Some hosts answer a browser with their sign-in page; this is how git itself begins.
USER_AGENT: Final = "git/2.40 (KubeOrch)"
_TEXTS: Final[Mapping[UnreachableReason, str]] = {
    "dns": "The host {host} can't be found: check its name",
    "refused": "{host} refuses the connection: check host and port",
    "server_error": "{host} closed the connection without an answer: try again later",
    "tls_untrusted": "The certificate of {host} is signed by an unknown authority: an administrator can name its "
    "authority in GIT_CA_FILE",
    "tls_name": "The certificate of {host} is for another host",
    "tls_expired": "The certificate of {host} has expired or isn't valid yet",
    "not_kubernetes": "{host} answers with something that can't be read: check host and port",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Outbound:
    """Which hosts may be spoken to, and how.

    Args:
        guard: judges addresses.
        clock: for deadlines.
        allowed_hosts: `git.example.com`, `*.example.com`, `host:port`; empty: every host that the guard allows.
        allow_http: also without TLS.
        ca_file: PEM with authorities that are trusted besides the system's.
    """

    guard: AddressGuard
    clock: Clock
    allowed_hosts: tuple[str, ...] = ()
    allow_http: bool = False
    ca_file: Path | None = None

    def check(self, url: str) -> None:
        """Judge scheme and host, without I/O.

        Raises:
            SourceError: `INVALID_URL` for plain http where it isn't allowed, `HOST_NOT_ALLOWED`.
        """
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and self.allow_http):
            text = "The URL must begin with https:// (plain http needs the setting GIT_ALLOW_HTTP)"
            raise source_error("INVALID_URL", text, {"url": "must begin with https://"})
        host = parts.hostname or ""
        if self.allowed_hosts and not any(_names(entry, host, parts.port) for entry in self.allowed_hosts):
            text = f"{host} isn't among the hosts allowed here: an administrator can add it to GIT_ALLOWED_HOSTS"
            raise source_error("HOST_NOT_ALLOWED", text)

    def pinned(self) -> Self:
        """The same, which resolves each host once and keeps to that: for all of one clone."""
        remembered: dict[tuple[str, int], list[str]] = {}
        lookup = self.guard.lookup

        def look_up_once(host: str, port: int) -> list[str]:
            if (host, port) not in remembered:
                remembered[host, port] = lookup(host, port)
            return remembered[host, port]

        return replace(self, guard=replace(self.guard, lookup=look_up_once))

    def addresses(self, url: str) -> list[str]:
        """Where the URL's host is; all of them may be connected to. Raises SourceError."""
        target = Target.parse(_origin(url))
        try:
            return self.guard.resolve(target.host, target.port)
        except BlockedAddressError as error:
            raise source_error("HOST_NOT_ALLOWED", str(error)) from error
        except OSError as error:
            raise _unreachable(UnreachableError("dns", ""), target.host) from error

    def exchange(self, request: "Request", deadline: Deadline, *, at_most_bytes: int) -> Answer:
        """One request and its answer; redirects are answers too.

        Raises:
            SourceError: not allowed, no usable answer, or too much of it (`LIMIT_EXCEEDED`).
        """
        self.check(request.url)
        target = Target.parse(_origin(request.url))
        context = _context(self.ca_file) if target.is_tls else None
        transport = Transport(target, self.guard, context, target.host, CONNECT_TIMEOUT_S, self.clock)
        try:
            sock = transport.open(deadline.left_s())
            with Stream(transport, sock, request.payload(), deadline, None) as stream:
                body = bytearray()
                while part := stream.read_some():
                    body += part
                    if len(body) > at_most_bytes:
                        raise _too_much(target.host, at_most_bytes)
                return Answer(stream.status, stream.headers, bytes(body))
        except UnreachableError as error:
            raise _unreachable(error, target.host) from error
        except TimeoutError as error:
            raise _too_slow(target.host) from error


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


def redirected(request: Request, answer: Answer) -> str | None:
    """Where an answer sends us, if it does; still to be checked."""
    location = answer.headers.get("location", "")
    if answer.status not in REDIRECTS or not location:
        return None
    url = urljoin(request.url, location).partition("#")[0]
    if not _is_plain(url):
        raise source_error("GIT_UNREACHABLE", f"{urlsplit(request.url).hostname} redirects to what is no plain URL")
    parts = urlsplit(url)
    if request.url.startswith("https:") and parts.scheme != "https":
        host = urlsplit(request.url).hostname
        raise source_error("INVALID_URL", f"{host} redirects to an address without TLS, which isn't followed")
    return url


def _is_plain(url: str) -> bool:
    """A URL whose every part we'd take from a person too."""
    try:
        parts = urlsplit(url)
        _ = parts.port
        host_name(parts.hostname or "")
    except ValueError:
        return False
    return url.isascii() and url.isprintable() and " " not in url and parts.username is None


def same_host(one: str, other: str) -> bool:
    """Scheme, host and port: a credential for one goes to no other."""
    return _origin(one) == _origin(other)


@lru_cache(maxsize=4)
def _context(ca_file: Path | None) -> ssl.SSLContext:
    """Verifies hosts. Reading the system's authorities takes 15 ms, so once a process."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"


def _names(entry: str, host: str, port: int | None) -> bool:
    """Whether an entry of GIT_ALLOWED_HOSTS means this host; by whole labels, never by a part of one."""
    entry = entry.strip().lower()
    if entry.startswith("*."):
        return host.endswith(entry[1:]) and len(host) > len(entry) - 1
    return entry in {host, f"{host}:{port}"}


def _unreachable(error: UnreachableError, host: str) -> SourceError:
    if error.reason == "timeout":
        return _too_slow(host)
    if error.reason == "blocked":
        return source_error("HOST_NOT_ALLOWED", error.message)
    return source_error("GIT_UNREACHABLE", _TEXTS[error.reason].format(host=host))


def _too_slow(host: str) -> SourceError:
    return source_error("GIT_TIMEOUT", f"{host} gave no answer in time: try again later")


def _too_much(host: str, at_most_bytes: int) -> SourceError:
    amount = f"{at_most_bytes >> 20} MB" if at_most_bytes >> 20 else f"{at_most_bytes >> 10} KB"
    return source_error("LIMIT_EXCEEDED", f"{host} sends more than {amount}, which is the limit here")
