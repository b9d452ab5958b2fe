"""A small HTTP server that answers lists and watches as a test's script says, in raw bytes if need be.

The one exception to "unit tests open no socket": what the loop must survive happens on sockets.
"""

import contextlib
import json
import os
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from app.kube.access import Access
from app.kube.connection import Connection
from app.net.guard import AddressGuard

Json = dict[str, Any]


def an_object(name: str, version: int, uid: str | None = None, **more: Any) -> Json:
    """A ConfigMap as a watch has it; `uid` follows from the name."""
    metadata = {"name": name, "namespace": "ns", "uid": uid or f"uid-{name}", "resourceVersion": str(version)}
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, **more}


def a_status(code: int, reason: str, message: str = "no", **details: Any) -> Json:
    """The API server's way to say no."""
    return {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message} | (
        {"details": details} if details else {}
    )


@dataclass
class Exchange:
    """One request, and the ways to answer it."""

    handler: BaseHTTPRequestHandler
    method: str
    path: str
    query: dict[str, str]
    body: bytes
    over: threading.Event
    """The server is closing."""

    @property
    def headers(self) -> dict[str, str]:
        """Lower-case names."""
        return {key.lower(): value for key, value in self.handler.headers.items()}

    def raw(self, data: bytes) -> Self:
        """Bytes as they are."""
        self.handler.wfile.write(data)
        self.handler.wfile.flush()
        return self

    def answer(self, body: Any, status: int = 200, **headers: str) -> None:
        """A whole answer; `bytes` go as they are, else JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self.raw(f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\n{extra}\r\n".encode() + data)

    def begin(self) -> Self:
        """The head of a watch."""
        return self.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")

    def chunk(self, data: bytes) -> Self:
        """One HTTP chunk."""
        return self.raw(b"%x\r\n%b\r\n" % (len(data), data))

    def event(self, event_type: str, obj: Json) -> Self:
        """One watch event, in a chunk of its own as the API server does."""
        return self.chunk(json.dumps({"type": event_type, "object": obj}).encode() + b"\n")

    def bookmark(self, version: int) -> Self:
        """A bookmark."""
        return self.event("BOOKMARK", {"kind": "ConfigMap", "metadata": {"resourceVersion": str(version)}})

    def end(self) -> None:
        """The orderly end of a watch."""
        self.raw(b"0\r\n\r\n")

    def cut(self) -> None:
        """The connection ends without the end of the answer."""
        self.handler.connection.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """It ends with a TCP reset."""
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.handler.connection.detach())  # close() would wait for the files made of it

    def stay_open(self) -> None:
        """Say nothing more until the client goes or the test ends."""
        self.handler.connection.settimeout(0.05)
        while not self.over.is_set():
            with contextlib.suppress(TimeoutError):
                if not self.handler.connection.recv(1):
                    return


Step = Callable[[Exchange], None]


def listing(*objects: Json, version: int, token: str = "") -> Step:
    """A list's page."""
    metadata = {"resourceVersion": str(version)} | ({"continue": token} if token else {})
    return lambda exchange: exchange.answer({"kind": "List", "metadata": metadata, "items": list(objects)})


def refuse(code: int, reason: str, **headers: str) -> Step:
    """An error of the API server."""
    return lambda exchange: exchange.answer(a_status(code, reason), code, **headers)


def quiet(exchange: Exchange) -> None:
    """A watch on which nothing happens."""
    exchange.begin().stay_open()


@dataclass
class ScriptedServer:
    """Answers lists and watches by the steps in its queues; then the last list again, and quiet watches."""

    lists: deque[Step] = field(default_factory=deque)
    watches: deque[Step] = field(default_factory=deque)
    requests: list[Exchange] = field(default_factory=list)
    other: Step | None = None
    """Whatever isn't a GET of a collection."""
    over: threading.Event = field(default_factory=threading.Event)

    _last_list: Step = field(default_factory=lambda: listing(version=1))

    def __enter__(self) -> Self:
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class calls it so
                """A test's output is the test's."""

            def handle_one_request(self) -> None:
                with contextlib.suppress(OSError, ValueError):
                    super().handle_one_request()
                    return
                self.close_connection = True

            def do_GET(self) -> None:
                script._answer(self)

            do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815  the library's names

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._http.server_address[1])

    def connection(self, **more: Any) -> Connection:
        """Ours, to this server."""
        guard = AddressGuard(allow_private=False, allow_loopback=True, allowlist=())
        return Connection(Access(f"http://127.0.0.1:{self.port}", **more), guard)

    def asked(self, *, watch: bool) -> list[Exchange]:
        """The lists or the watches so far."""
        return [request for request in list(self.requests) if ("watch" in request.query) == watch]

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        url = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        query = dict(parse_qsl(url.query))
        exchange = Exchange(handler, handler.command, url.path, query, body, self.over)
        self.requests.append(exchange)
        if self.other is not None and (handler.command != "GET" or not url.path.endswith("configmaps")):
            step = self.other
        elif "watch" in query:
            step = self.watches.popleft() if self.watches else quiet
        else:
            step = self._last_list = self.lists.popleft() if self.lists else self._last_list
        step(exchange)
