"""Calls to one cluster over kept-alive connections: bytes out, JSON in, every failure a `KubeError`. Thread-safe.

The standard library's HTTP parser on our own guarded sockets, because the official client's calls cost several times as
much. One a cluster and process is enough; make a new one when address or credentials change. The same under gevent.
"""

import socket
import ssl
import threading
from collections import deque
from collections.abc import Mapping
from select import POLLIN, poll
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from app.clock import Clock, SystemClock
from app.kube.access import Access
from app.kube.answers import failure, parse
from app.kube.errors import UnreachableError
from app.kube.interrupt import Interrupt
from app.kube.response import NotHttpError, Response
from app.kube.stream import Stream
from app.kube.target import Target
from app.kube.tls import make_context
from app.kube.transport import Transport
from app.net.guard import AddressGuard

JSON: Final = "application/json"
APPLY: Final = "application/apply-patch+yaml"
"""Server-side apply; JSON is YAML, so the body may be JSON."""

Query = Mapping[str, str | int | bool]

_BODY_MAX_BYTES: Final = 128 * 1024 * 1024
"""Of a plain answer: a page of 500 large objects fits; a hostile "cluster" can't fill our memory."""
_ERROR_MAX_BYTES: Final = 1024 * 1024
_CLOCK: Final = SystemClock()


class Connection:
    """One cluster's API as one of its users.

    Args:
        access: where and who.
        guard: which addresses are allowed; asked at each new connection.
        connect_timeout_s: for name, TCP and TLS, all together.
        request_timeout_s: for a whole plain call, unless it says otherwise.
        pool_size: plain calls at a time; further ones wait. Streams don't count.
        clock: for deadlines.

    Raises:
        InvalidError: the server's URL, CA or client certificate can't be used.
    """

    def __init__(
        self,
        access: Access,
        guard: AddressGuard,
        *,
        connect_timeout_s: float = 5.0,
        request_timeout_s: float = 30.0,
        pool_size: int = 32,
        clock: Clock = _CLOCK,
    ) -> None:
        self._target = Target.parse(access.server)
        context = make_context(access) if self._target.is_tls else None
        server_name = access.tls_server_name or self._target.host
        self._transport = Transport(self._target, guard, context, server_name, connect_timeout_s, clock)
        self._request_timeout_s, self._clock = request_timeout_s, clock
        self._head = _standing_headers(self._target, access)
        self._slots = threading.BoundedSemaphore(pool_size)
        self._idle: deque[socket.socket] = deque()
        self._is_closed = False

    @property
    def host(self) -> str:
        """For messages."""
        return self._target.host

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: object = None,
        content_type: str = JSON,
        accept: str = JSON,
        timeout_s: float | None = None,
        interrupt: Interrupt | None = None,
    ) -> Any:
        """One call.

        Args:
            method: in capitals.
            path: from `Resource.path()`, or one of the API server's own.
            query: values are written as the API spells them (`true`).
            body: JSON-able, or bytes that are sent as they are.
            content_type: of the body.
            accept: what to answer with.
            timeout_s: for all of it, instead of the connection's own.
            interrupt: lets another thread end it.

        Returns:
            The answer's JSON.

        Raises:
            ApiStatusError: the API server says no.
            UnreachableError: there was no usable answer.
        """
        timeout_s = self._request_timeout_s if timeout_s is None else timeout_s
        deadline = self._clock.monotonic() + timeout_s
        payload = self._payload(method, path, query, accept=accept, body=body, content_type=content_type)
        if not self._slots.acquire(timeout=timeout_s):
            raise UnreachableError("timeout", f"too many calls to {self.host} at once: waited {timeout_s:g} s")
        try:
            # Sent again when a kept connection turns out to be dead: reads and applies, which are idempotent.
            is_repeatable = method == "GET" or content_type == APPLY
            stream = self._send(method, payload, timeout_s, interrupt, is_repeatable=is_repeatable)
            with_body = self._read_all(stream, deadline, timeout_s)
        finally:
            self._slots.release()
        if not 200 <= stream.status < 300:
            raise failure(self.host, stream.status, stream.headers, with_body)
        return parse(self.host, with_body)

    def open(
        self,
        path: str,
        *,
        query: Query | None = None,
        accept: str = JSON,
        read_timeout_s: float = 30.0,
        interrupt: Interrupt | None = None,
    ) -> Stream:
        """Start a long answer (watch, logs) on a connection of its own; the caller closes it.

        Args:
            path: as in `request`.
            query: as in `request`.
            accept: what to answer with.
            read_timeout_s: the longest silence; see `Stream.wait_at_most`.
            interrupt: lets another thread end it.

        Raises:
            ApiStatusError: the API server says no.
            UnreachableError: there was no usable answer.
        """
        payload = self._payload("GET", path, query, accept=accept)
        stream = self._exchange(self._transport.open(interrupt), "GET", payload, read_timeout_s, interrupt)
        if 200 <= stream.status < 300:
            return stream
        with stream:
            body = self._collect(stream, self._clock.monotonic() + self._request_timeout_s, _ERROR_MAX_BYTES)
        raise failure(self.host, stream.status, stream.headers, body)

    def close(self) -> None:
        """Let go of idle connections. Calls still going on end by themselves and aren't kept."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()

    def _payload(
        self, method: str, path: str, query: Query | None, *, accept: str, body: object = None, content_type: str = JSON
    ) -> bytes:
        target = self._target.prefix + path + (f"?{urlencode(_spelled(query))}" if query else "")
        # A space or line break in a path would start a second request.
        if not target.isascii() or not target.isprintable() or " " in target:
            raise ValueError("a path must be quoted")
        head = f"{method} {target} HTTP/1.1\r\n{self._head}Accept: {accept}\r\n"
        if body is None:
            return f"{head}\r\n".encode("ascii")
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        return f"{head}Content-Type: {content_type}\r\nContent-Length: {len(content)}\r\n\r\n".encode("ascii") + content

    def _send(
        self, method: str, payload: bytes, timeout_s: float, interrupt: Interrupt | None, *, is_repeatable: bool
    ) -> Stream:
        """Over an idle connection, else a new one; the answer's head has been read."""
        while self._idle:
            try:
                sock = self._idle.pop()  # the one used last is the least likely to be dead
            except IndexError:  # another thread was quicker
                break
            if _is_dead(sock):
                sock.close()
                continue
            try:
                return self._exchange(sock, method, payload, timeout_s, interrupt)
            except UnreachableError as error:
                # The server may have closed it just now; a silent or nonsensical one is another matter.
                if error.reason != "server_error" or not is_repeatable:
                    raise
        return self._exchange(self._transport.open(interrupt), method, payload, timeout_s, interrupt)

    def _exchange(
        self, sock: socket.socket, method: str, payload: bytes, timeout_s: float, interrupt: Interrupt | None
    ) -> Stream:
        """Send a request and read the head of its answer. Closes the socket when that fails."""
        try:
            if interrupt:
                interrupt.attach(sock)
            sock.settimeout(timeout_s)
            sock.sendall(payload)
            response = Response(sock)
        except (OSError, NotHttpError) as error:
            if interrupt:
                interrupt.detach()
            sock.close()
            if isinstance(error, NotHttpError):
                text = f"something answers at {self.host}, but not in HTTP: check the server's URL"
                raise UnreachableError("not_kubernetes", text) from error
            raise self._transport.failure(error, timeout_s) from error
        return Stream(self._transport, sock, response, interrupt, timeout_s)

    def _read_all(self, stream: Stream, deadline: float, timeout_s: float) -> bytes:
        """The whole body, after which the connection is kept for the next call."""
        try:
            body = self._collect(stream, deadline, _BODY_MAX_BYTES)
        except TimeoutError as error:
            stream.close()
            raise self._transport.failure(error, timeout_s) from error
        except BaseException:
            stream.close()
            raise
        if stream.may_be_reused and not self._is_closed:
            self._idle.append(stream.release())
        else:
            stream.close()
        return body

    def _collect(self, stream: Stream, deadline: float, at_most_bytes: int) -> bytes:
        body = bytearray()
        while part := stream.read_some():
            body += part
            if len(body) > at_most_bytes:
                raise UnreachableError("not_kubernetes", f"{self.host} answers more than {at_most_bytes >> 20} MiB")
            left_s = deadline - self._clock.monotonic()
            if left_s <= 0:  # a byte now and then doesn't make it last for ever
                raise TimeoutError
            stream.hurry(left_s)
        return bytes(body)


def _standing_headers(target: Target, access: Access) -> str:
    """What every request of a connection says."""
    lines = [f"Host: {target.authority}", "User-Agent: kubeorch", "Accept-Encoding: identity"]
    if access.token:
        lines.append(f"Authorization: Bearer {access.token}")
    if access.impersonate_user:
        lines.append(f"Impersonate-User: {access.impersonate_user}")
        lines += [f"Impersonate-Group: {group}" for group in access.impersonate_groups]
    if target.host.endswith((".ngrok.io", ".ngrok.app", ".ngrok-free.app", ".ngrok.dev", ".ngrok-free.dev")):
        lines.append("ngrok-skip-browser-warning: true")  # or it answers with a page for people
    return "".join(f"{line}\r\n" for line in lines)


def _spelled(query: Query) -> dict[str, str]:
    return {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in query.items()}


def _is_dead(sock: socket.socket) -> bool:
    """An idle connection that has something to read was closed by the server."""
    if isinstance(sock, ssl.SSLSocket) and sock.pending():
        return True
    watcher = poll()
    watcher.register(sock, POLLIN)
    return bool(watcher.poll(0))
