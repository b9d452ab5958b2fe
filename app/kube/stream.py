"""One exchange with the API server, with time limits: a request and its answer. Made by `connection.py`.

A plain call reads it to its end at once; a watch and logs read it as it comes.
"""

import socket
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

from app.kube.deadline import Deadline
from app.kube.errors import UnreachableError
from app.kube.interrupt import Interrupt
from app.kube.response import NotHttpError, Response
from app.kube.transport import Transport


class Stream:
    """An answer, as it comes. Owns its socket until `close()` or `release()`.

    One thread reads; another may end it through the `Interrupt` given to the call.

    Args:
        transport: where the socket is from; knows what its failures mean.
        sock: connected, and nothing of another answer left in it.
        payload: the request.
        deadline: for the whole answer, until `wait_at_most` says otherwise.
        interrupt: lets another thread end it.

    Raises:
        UnreachableError: no answer began; the socket is closed.
    """

    def __init__(
        self, transport: Transport, sock: socket.socket, payload: bytes, deadline: Deadline, interrupt: Interrupt | None
    ) -> None:
        self._transport, self._socket, self._interrupt = transport, sock, interrupt
        self._deadline: Final = deadline
        self._silence_s: float | None = None
        try:
            if interrupt:
                interrupt.attach(sock)
            self._hurry()
            sock.sendall(payload)
            self._response = Response(sock, before_read=self._hurry)
        except (OSError, NotHttpError) as error:
            self.close()
            raise self._failure(error) from error
        self.status: int = self._response.status
        self.headers: Mapping[str, str] = self._response.headers

    def wait_at_most(self, seconds: float) -> None:
        """From now on, how long each read may stay without a byte; the whole may last for ever."""
        self._silence_s = seconds

    def read_some(self) -> bytes:
        """What has come, at least a byte; empty at the end of the answer.

        Raises:
            UnreachableError: it took longer than allowed, or the connection broke in mid-answer.
        """
        try:
            return self._response.read_some()
        except (OSError, NotHttpError) as error:
            raise self._failure(error) from error

    def read_all(self, at_most_bytes: int) -> bytes:
        """The whole of it. Raises like `read_some`, and `not_kubernetes` when it is too much."""
        body = bytearray()
        while part := self.read_some():
            body += part
            if len(body) > at_most_bytes:
                host = self._transport.target.host
                raise UnreachableError("not_kubernetes", f"{host} answers more than {at_most_bytes >> 20} MiB")
        return bytes(body)

    @property
    def may_be_followed(self) -> bool:
        """The answer was read to its end and the server keeps the connection open."""
        return self._response.may_be_followed

    def release(self) -> socket.socket:
        """Give the socket back to whoever will use it for the next call."""
        self._detach()
        return self._socket

    def close(self) -> None:
        """End it, read or not."""
        self._detach()
        self._socket.close()

    def _hurry(self) -> None:
        """Before each read: a byte now and then doesn't make a call last for ever."""
        self._socket.settimeout(self._deadline.left_s() if self._silence_s is None else self._silence_s)

    def _failure(self, error: Exception) -> UnreachableError:
        if isinstance(error, NotHttpError):
            text = f"something answers at {self._transport.target.host}, but not in HTTP: check the server's URL"
            return UnreachableError("not_kubernetes", text)
        return self._transport.failure(error, self._deadline.total_s if self._silence_s is None else self._silence_s)

    def _detach(self) -> None:
        if self._interrupt:
            self._interrupt.detach()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
