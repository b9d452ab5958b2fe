"""Viewers of event streams: they record every byte, so that the validator can judge. One thread reads for all."""

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Self

from tests.sse_validator import Connection, Frame, frames_of


class Viewer:
    """One stream. Reads nothing by itself: `Viewers` does, or the test byte by byte."""

    def __init__(
        self,
        port: int,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        receive_buffer: int | None = None,
    ) -> None:
        self.headers = dict(headers or {})
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(20)
        self.socket.connect(("127.0.0.1", port))
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Accept: text/event-stream"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.head = ""
        self._body = bytearray()  # without the chunks' sizes
        self._undecoded = bytearray()
        self.ended_at: float | None = None

    def read_some(self, most: int = 65536) -> None:
        """What there is now; at least a byte or the end."""
        try:
            data = self.socket.recv(most)
        except OSError:
            data = b""
        self._undecoded += data
        self._decode()
        if not data:
            self._end()

    def _decode(self) -> None:
        if not self.head:
            head, separator, rest = bytes(self._undecoded).partition(b"\r\n\r\n")
            if not separator:
                return
            self.head, self._undecoded = head.decode(), bytearray(rest)
        while b"\r\n" in self._undecoded:
            end = self._undecoded.index(b"\r\n")
            length = int(self._undecoded[:end], 16)
            if len(self._undecoded) < end + length + 4:
                return
            self._body += self._undecoded[end + 2 : end + 2 + length]
            del self._undecoded[: end + length + 4]
            if length == 0:
                self._end()

    def _end(self) -> None:
        self.ended_at = self.ended_at or time.monotonic()

    @property
    def status(self) -> int:
        """0 until the head of the answer has come."""
        return int(self.head.split(" ", 2)[1]) if self.head else 0

    @property
    def raw(self) -> bytes:
        """The body so far."""
        return bytes(self._body)

    @property
    def frames(self) -> list[Frame]:
        return frames_of(self.raw)

    def recorded(self) -> Connection:
        return Connection(self.raw, self.headers.get("Last-Event-ID"))

    def position(self) -> str | None:
        """Of the last whole frame."""
        end = self._body.rfind(b"\n\n")
        start = self._body.rfind(b"id: ", 0, max(end, 0))
        return self._body[start + 4 : self._body.index(b"\n", start)].decode() if start >= 0 else None

    def close(self) -> None:
        self.socket.close()


class Viewers:
    """Reads for many viewers, on one thread."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=5)
        for key in list(self._selector.get_map().values()):
            key.data.close()
        self._selector.close()

    def open(self, port: int, path: str, headers: Mapping[str, str] | None = None) -> Viewer:
        viewer = Viewer(port, path, headers)
        with self._lock:
            self._selector.register(viewer.socket, selectors.EVENT_READ, viewer)
        return viewer

    def all(self, viewers: Iterable[Viewer], check: Callable[[Viewer], object]) -> bool:
        return all(check(viewer) for viewer in viewers)

    def _read(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                empty = not self._selector.get_map()
            ready = [] if empty else self._selector.select(timeout=0.05)
            if empty:
                self._stop.wait(0.02)
            for key, _ in ready:
                viewer: Viewer = key.data
                viewer.read_some()
                if viewer.ended_at is not None:
                    with contextlib.suppress(KeyError, ValueError), self._lock:
                        self._selector.unregister(viewer.socket)
                    viewer.close()
