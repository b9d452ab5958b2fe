"""One HTTP answer being read, with time limits: of a watch, of logs, of a plain call. Made by `connection.py`."""

import socket
from types import TracebackType
from typing import Self

from app.kube.interrupt import Interrupt
from app.kube.response import NotHttpError, Response
from app.kube.transport import Transport


class Stream:
    """The body of an answer, as it comes. Owns its socket until `close()`.

    One thread reads; another may end it through the `Interrupt` given to the call.
    """

    def __init__(
        self,
        transport: Transport,
        sock: socket.socket,
        response: Response,
        interrupt: Interrupt | None,
        read_timeout_s: float,
    ) -> None:
        self._transport, self._socket, self._response, self._interrupt = transport, sock, response, interrupt
        self._read_timeout_s = read_timeout_s
        self.status, self.headers = response.status, response.headers

    def wait_at_most(self, seconds: float) -> None:
        """How long each following read may stay without a byte."""
        self._read_timeout_s = seconds
        self._socket.settimeout(seconds)

    def hurry(self, seconds: float) -> None:
        """What is left of the time for the whole answer; a failure still tells the time it began with."""
        self._socket.settimeout(seconds)

    def read_some(self) -> bytes:
        """What has come, at least a byte; empty at the end of the answer.

        Raises:
            UnreachableError: silence for longer than allowed, or the connection broke in mid-answer.
        """
        try:
            return self._response.read_some()
        except (OSError, NotHttpError) as error:
            raise self._transport.failure(error, self._read_timeout_s) from error

    @property
    def may_be_reused(self) -> bool:
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

    def _detach(self) -> None:
        if self._interrupt:
            self._interrupt.detach()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
