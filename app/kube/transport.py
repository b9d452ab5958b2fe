"""A socket to a cluster: guarded, timed, kept alive, with TLS. Failures become the contract's reasons here.

Called by `connection.py` for each new connection. The guard resolves anew each time; what it checked we connect to.
"""

import errno
import socket
import ssl
from dataclasses import dataclass
from typing import Final

from app.clock import Clock
from app.kube.errors import UnreachableError
from app.kube.interrupt import Interrupt
from app.kube.target import Target
from app.kube.tls import explain, shown_certificate
from app.net.guard import AddressGuard, BlockedAddressError

# A peer that vanished without a word is noticed after 30 + 3 × 10 s; some clouds forget idle connections after minutes.
_KEEPALIVE: Final = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
_UNROUTABLE: Final = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EHOSTDOWN})


@dataclass(frozen=True, slots=True)
class Transport:
    """Opens sockets to one target."""

    target: Target
    guard: AddressGuard
    context: ssl.SSLContext | None
    """`None`: plain HTTP."""
    server_name: str
    """The name that the certificate must be for."""
    connect_timeout_s: float
    clock: Clock

    def open(self, at_most_s: float, interrupt: Interrupt | None = None) -> socket.socket:
        """Connect and, with TLS, shake hands.

        Args:
            at_most_s: less than the usual time to connect, if that is all that is left of a call.
            interrupt: lets another thread end it.

        Raises:
            UnreachableError: with the reason.
        """
        deadline = self.clock.monotonic() + min(self.connect_timeout_s, at_most_s)
        addresses = self._resolve()
        sock = self._connect(addresses, deadline, interrupt)
        if self.context is None:
            return sock
        try:
            sock.settimeout(max(deadline - self.clock.monotonic(), 0.1))
            wrapped = self.context.wrap_socket(sock, server_hostname=self.server_name)
        except ssl.SSLError as error:
            sock.close()
            if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
                raise self._closed() from error
            shown = self._shown_certificate(addresses, deadline) if error.errno == ssl.SSL_ERROR_SSL else None
            raise explain(error, self.target.host, self.server_name, shown, self.clock.now()) from error
        except OSError as error:
            sock.close()
            raise self.failure(error, self.connect_timeout_s) from error
        if interrupt:
            interrupt.attach(wrapped)
        return wrapped

    def _resolve(self) -> list[str]:
        try:
            return self.guard.resolve(self.target.host, self.target.port)
        except BlockedAddressError as error:
            raise UnreachableError("blocked", str(error)) from error
        except socket.gaierror as error:
            text = f"the host {self.target.host} can't be found: check the server's name"
            raise UnreachableError("dns", text) from error

    def _connect(self, addresses: list[str], deadline: float, interrupt: Interrupt | None) -> socket.socket:
        """The first address that answers; all of them together have until the deadline."""
        failure: OSError = TimeoutError()
        for address in addresses:
            left_s = deadline - self.clock.monotonic()
            if left_s <= 0:
                break
            sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
            try:
                sock.settimeout(left_s)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _keep_alive(sock)
                if interrupt:
                    interrupt.attach(sock)
                sock.connect((address, self.target.port))
            except OSError as error:
                if interrupt:
                    interrupt.detach()
                sock.close()
                failure = error
            else:
                return sock
        raise self.failure(failure, self.connect_timeout_s) from failure

    def _shown_certificate(self, addresses: list[str], deadline: float) -> bytes | None:
        try:
            return shown_certificate(self._connect(addresses, deadline, None), self.server_name)
        except UnreachableError:
            return None

    def failure(self, error: Exception, timeout_s: float) -> UnreachableError:
        """What a socket's error means to a person."""
        host, port = self.target.host, self.target.port
        if isinstance(error, TimeoutError):
            return UnreachableError("timeout", f"{host} gave no answer within {timeout_s:g} s")
        if isinstance(error, ConnectionRefusedError):
            text = f"{host} refuses the connection on port {port}: check the port and that its API server runs"
            return UnreachableError("refused", text)
        if isinstance(error, OSError) and error.errno in _UNROUTABLE:
            return UnreachableError("timeout", f"there is no network route to {host}")
        return self._closed()

    def _closed(self) -> UnreachableError:
        return UnreachableError("server_error", f"{self.target.host} closed the connection without an answer")


def _keep_alive(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        option = getattr(socket, name, None)  # macOS lacks some
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
