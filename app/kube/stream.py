"""One HTTP answer being read, with time limits: of a watch, of logs, of a plain call. Made by `connection.py`."""

import http.client
import socket
from types import TracebackType
from typing import Final, Self

from app.kube.errors import KubeError
from app.kube.interrupt import Interrupt
from app.kube.transport import Transport

_STEP_BYTES: Final = 65536


class Stream:
    """The body of an answer, as it comes. Owns its socket until `close()`.

    One thread reads; another may end it through the `Interrupt` given to the call.
    """

    def __init__(
        self,
        transport: Transport,
        sock: socket.socket,
        response: http.client.HTTPResponse,
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

    def read_some(self) -> bytes:
        """What has come, at least a byte; empty at the end of the answer.

        Raises:
            UnreachableError: silence for longer than allowed, or the connection broke in mid-answer.
        """
        try:
            return self._response.read1(_STEP_BYTES)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self.failure(error) from error

    def failure(self, error: Exception) -> KubeError:
        """What a broken read means."""
        return self._transport.failure(error, self._read_timeout_s)

    @property
    def may_be_reused(self) -> bool:
        """The answer was read to its end and the server keeps the connection open."""
        # With a known length, Python 3.11 leaves the answer open at its end.
        is_at_end = self._response.isclosed() or self._response.length == 0
        return is_at_end and not self._response.will_close

    def release(self) -> socket.socket:
        """Give the socket back to whoever will use it for the next call."""
        self._detach()
        self._response.close()
        return self._socket

    def close(self) -> None:
        """End it, read or not."""
        self._detach()
        self._response.close()
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
