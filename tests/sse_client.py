"""Viewers of event streams: they record every byte, so that the validator can judge. One thread reads for all."""

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Self

from tests.sse_validator import Connection, Frame, frames_of, last_id

LAST_CHUNK = b"\r\n0\r\n\r\n"


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
        self._received = bytearray()
        self.ended_at: float | None = None
        self.came_at: list[tuple[float, int]] = []  # when, and how many bytes there were then

    def read_some(self) -> None:
        """What there is now; at least a byte or the end."""
        try:
            data = self.socket.recv(65536)
        except OSError:
            data = b""
        now = time.monotonic()
        if data:
            self._received += data
            self.came_at.append((now, len(self._received)))
            if self._received.endswith(LAST_CHUNK):
                self.ended_at = now
        else:
            self.ended_at = now

    @property
    def status(self) -> int:
        """0 until the head of the answer has come."""
        return int(self._received.split(b" ", 2)[1]) if b"\r\n\r\n" in self._received else 0

    @property
    def head(self) -> str:
        return bytes(self._received).partition(b"\r\n\r\n")[0].decode()

    @property
    def raw(self) -> bytes:
        """The body so far, without the chunks' sizes."""
        _, _, body = bytes(self._received).partition(b"\r\n\r\n")
        whole = b""
        while body:
            size, separator, rest = body.partition(b"\r\n")
            if not separator:
                break
            length = int(size, 16)
            whole += rest[:length]
            body = rest[length + 2 :]
        return whole

    @property
    def frames(self) -> list[Frame]:
        return frames_of(self.raw)

    def recorded(self) -> Connection:
        return Connection(self.raw, self.headers.get("Last-Event-ID"))

    def position(self) -> str | None:
        return last_id(self.raw)

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
