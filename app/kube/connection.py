"""Calls to one cluster over kept-alive connections: bytes out, JSON in, every failure a `KubeError`. Thread-safe.

The standard library's HTTP parser on our own guarded sockets, because the official client's calls cost several times as
much. One a cluster and process is enough; make a new one when address or credentials change. The same under gevent.
"""

import socket
import ssl
import threading
from collections import deque
from select import POLLIN, poll
from typing import Any, Final

from app.clock import Clock, SystemClock
from app.kube.access import Access
from app.kube.answers import failure, parse
from app.kube.deadline import Deadline
from app.kube.errors import UnreachableError
from app.kube.interrupt import Interrupt
from app.kube.payload import APPLY, JSON, PayloadWriter, Query
from app.kube.stream import Stream
from app.kube.target import Target
from app.kube.tls import make_context
from app.kube.transport import Transport
from app.net.guard import AddressGuard

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
        self._payloads = PayloadWriter(self._target, access)
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
        deadline = Deadline.within(self._clock, self._request_timeout_s if timeout_s is None else timeout_s)
        payload = self._payloads.write(method, path, query, accept=accept, body=body, content_type=content_type)
        if not self._slots.acquire(timeout=deadline.total_s):
            text = f"too many calls to {self.host} at once: waited {deadline.total_s:g} s"
            raise UnreachableError("timeout", text)
        try:
            # Sent again when a kept connection turns out to be dead: reads and applies, which are idempotent.
            is_repeatable = method == "GET" or content_type == APPLY
            stream = self._send(payload, deadline, interrupt, is_repeatable=is_repeatable)
            received = self._read_all(stream)
        finally:
            self._slots.release()
        if not 200 <= stream.status < 300:
            raise failure(self.host, stream.status, stream.headers, received)
        return parse(self.host, received)

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
        payload = self._payloads.write("GET", path, query, accept=accept)
        sock = self._transport.open(self._request_timeout_s, interrupt)
        stream = Stream(self._transport, sock, payload, Deadline.within(self._clock, read_timeout_s), interrupt)
        if 200 <= stream.status < 300:
            stream.wait_at_most(read_timeout_s)
            return stream
        with stream:
            received = stream.read_all(_ERROR_MAX_BYTES)
        raise failure(self.host, stream.status, stream.headers, received)

    def close(self) -> None:
        """Let go of idle connections. Calls still going on end by themselves and aren't kept."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()

    def _send(self, payload: bytes, deadline: Deadline, interrupt: Interrupt | None, *, is_repeatable: bool) -> Stream:
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
                return Stream(self._transport, sock, payload, deadline, interrupt)
            except UnreachableError as error:
                # The server may have closed it just now; a silent or nonsensical one is another matter.
                if error.reason != "server_error" or not is_repeatable:
                    raise
        try:
            sock = self._transport.open(deadline.left_s(), interrupt)
        except TimeoutError as error:
            raise self._transport.failure(error, deadline.total_s) from error
        return Stream(self._transport, sock, payload, deadline, interrupt)

    def _read_all(self, stream: Stream) -> bytes:
        """The whole body, after which the connection is kept for the next call."""
        try:
            body = stream.read_all(_BODY_MAX_BYTES)
        except BaseException:
            stream.close()
            raise
        if stream.may_be_followed and not self._is_closed:
            self._idle.append(stream.release())
        else:
            stream.close()
        return body


def _is_dead(sock: socket.socket) -> bool:
    """An idle connection that has something to read was closed by the server."""
    if isinstance(sock, ssl.SSLSocket) and sock.pending():
        return True
    watcher = poll()
    watcher.register(sock, POLLIN)
    return bool(watcher.poll(0))
