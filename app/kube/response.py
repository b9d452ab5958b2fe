"""Reads one HTTP/1.1 answer from a socket: head, then the body in whatever framing it has. Called by `connection.py`.

Not `http.client`: its headers go through the e-mail parser, which is 40 % of what a call costs us (100 to 180 µs), and
its chunked reader takes three reads an event. We need no more than what API servers and proxies send.
"""

import socket
from collections.abc import Callable
from typing import Final

_HEAD_MAX_BYTES: Final = 65536
_STEP_BYTES: Final = 65536
_HEAD_END: Final = b"\r\n\r\n"
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")


class NotHttpError(Exception):
    """What came is no HTTP/1.1 answer, or it broke its own framing."""


class Response:
    """An answer whose head has been read.

    Args:
        sock: sends nothing but this answer next.
        before_read: called each time before the socket is read; sets its timeout.

    Raises:
        NotHttpError: something else came.
        ConnectionError: nothing came, or only a part.
        OSError: of the socket; `TimeoutError` among them.
    """

    def __init__(self, sock: socket.socket, before_read: Callable[[], None]) -> None:
        self._socket, self._before_read, self._buffer = sock, before_read, bytearray()
        self.status, self.headers = self._read_head()
        while 100 <= self.status < 200:  # interim
            self.status, self.headers = self._read_head()
        encoding, length = self.headers.get("transfer-encoding", ""), self.headers.get("content-length", "")
        self._is_chunked = encoding.lower() == "chunked"
        self._is_counted = not self._is_chunked and length.isascii() and length.isdecimal()
        # Of the body or of the chunk that is being read.
        self._left = int(length) if self._is_counted else 0
        self._is_first_chunk = True
        self.is_at_end = self.status in {204, 304} or (self._is_counted and self._left == 0)
        wants_close = "close" in self.headers.get("connection", "").lower() or not self._is_1_1
        self._stays_open = not wants_close and (self._is_chunked or self._is_counted or self.is_at_end)

    @property
    def may_be_followed(self) -> bool:
        """It was read to its end and the connection can carry another call."""
        return self.is_at_end and self._stays_open and not self._buffer

    def read_some(self) -> bytes:
        """A part of the body, as much as is there; empty at its end. Raises like the constructor."""
        while not self.is_at_end:
            part = self._chunks() if self._is_chunked else self._plain()
            if part:
                return part
            if not self.is_at_end:
                self._receive()
        return b""

    def _plain(self) -> bytes:
        """What the buffer has of a body that is counted or goes on until the connection ends."""
        taken = self._take(self._left if self._is_counted else len(self._buffer))
        if self._is_counted:
            self._left -= len(taken)
            self.is_at_end = self._left == 0
        return taken

    def _chunks(self) -> bytes:
        """What the buffer has of chunks, all of them at once: a burst of events is one part."""
        parts = []
        while self._buffer:
            if self._left == 0 and not self._next_chunk():
                break
            part = self._take(self._left)
            self._left -= len(part)
            parts.append(part)
        return b"".join(parts)

    def _next_chunk(self) -> bool:
        """Read a chunk's head, if it is there as a whole; false too at the last one."""
        # After the data of the chunk before comes a line end of its own.
        begin = 0 if self._is_first_chunk else 2
        end = self._buffer.find(b"\r\n", begin)
        if end < 0:
            if len(self._buffer) > _HEAD_MAX_BYTES:
                raise NotHttpError("a chunk's size without end")
            return False
        size = bytes(self._buffer[begin:end]).partition(b";")[0].strip()
        if (begin and self._buffer[:2] != b"\r\n") or not size or not all(byte in _HEX for byte in size):
            raise NotHttpError("no chunk where one should be")
        if (left := int(size, 16)) == 0:
            return self._end_of_chunks(end)
        self._left, self._is_first_chunk = left, False
        del self._buffer[: end + 2]
        return True

    def _end_of_chunks(self, size_end: int) -> bool:
        """The trailer, usually empty; the answer is at its end when it is there as a whole."""
        trailer_end = self._buffer.find(_HEAD_END, size_end)
        if trailer_end >= 0:
            del self._buffer[: trailer_end + 4]
            self.is_at_end = True
        elif len(self._buffer) > _HEAD_MAX_BYTES:
            raise NotHttpError("a trailer without end")
        return False

    def _take(self, at_most: int) -> bytes:
        taken = bytes(self._buffer[:at_most])
        del self._buffer[:at_most]
        return taken

    def _receive(self) -> None:
        """More bytes into the buffer."""
        self._before_read()
        received = self._socket.recv(_STEP_BYTES)
        if received:
            self._buffer += received
        elif self._is_chunked or self._is_counted:
            raise ConnectionError("the connection ended before the answer did")
        else:
            self.is_at_end = True

    def _read_head(self) -> tuple[int, dict[str, str]]:
        while (end := self._buffer.find(_HEAD_END)) < 0:
            if len(self._buffer) > _HEAD_MAX_BYTES or not b"HTTP/1.".startswith(bytes(self._buffer[:7])):
                raise NotHttpError("no HTTP/1.1 answer")
            self._before_read()
            received = self._socket.recv(_STEP_BYTES)
            if not received:
                raise ConnectionError("the connection ended before the answer began")
            self._buffer += received
        first, *lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        version, _, rest = first.partition(" ")
        status = rest.partition(" ")[0]
        if not version.startswith("HTTP/1.") or not (status.isascii() and status.isdecimal() and len(status) == 3):
            raise NotHttpError("no HTTP/1.1 answer")
        self._is_1_1 = version == "HTTP/1.1"
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return int(status), headers
