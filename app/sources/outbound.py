"""Which hosts may be spoken to for repositories and files, and what a failure is called (`app/outbound/` speaks).

Called by `lookup.py` and `fetching.py`; `cloning.py` asks it for the addresses that git may connect to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from app.clock import Clock
from app.kube.deadline import Deadline
from app.kube.errors import UnreachableError, UnreachableReason
from app.kube.target import Target
from app.net.guard import AddressGuard, BlockedAddressError
from app.outbound import exchange
from app.outbound.exchange import Answer, Request, origin
from app.sources.errors import SourceError, source_error

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
        target = Target.parse(origin(url))
        try:
            return self.guard.resolve(target.host, target.port)
        except BlockedAddressError as error:
            raise source_error("HOST_NOT_ALLOWED", str(error)) from error
        except OSError as error:
            raise _unreachable(UnreachableError("dns", ""), target.host) from error

    def exchange(self, request: Request, deadline: Deadline, *, at_most_bytes: int) -> Answer:
        """One request and its answer; redirects are answers too.

        Raises:
            SourceError: not allowed, no usable answer, or too much of it (`LIMIT_EXCEEDED`).
        """
        self.check(request.url)
        host = urlsplit(request.url).hostname or ""
        try:
            return exchange.exchange(
                request,
                deadline,
                guard=self.guard,
                clock=self.clock,
                at_most_bytes=at_most_bytes,
                ca_file=self.ca_file,
            )
        except exchange.TooMuchError:
            raise _too_much(host, at_most_bytes) from None
        except UnreachableError as error:
            raise _unreachable(error, host) from error
        except TimeoutError as error:
            raise _too_slow(host) from error


def redirected(request: Request, answer: Answer) -> str | None:
    """Where an answer sends us, if it does; still to be checked. Raises SourceError."""
    host = urlsplit(request.url).hostname
    try:
        return exchange.redirected(request, answer)
    except exchange.UnencryptedRedirectError:
        text = f"{host} redirects to an address without TLS, which isn't followed"
        raise source_error("INVALID_URL", text) from None
    except exchange.BadRedirectError:
        raise source_error("GIT_UNREACHABLE", f"{host} redirects to what is no plain URL") from None


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
