"""An API server with faults: plain HTTP in, the real one behind it. Tests slow it, stop it, cut it, let it lie.

It takes whatever token it is given (the real server sees the admin's certificate), unless `as_caller`: then the token
is passed on and the real server judges it.
"""

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from launcher.ports import free_port
from tests.clusters import RealCluster

HOP_BY_HOP: Final = frozenset({"connection", "transfer-encoding", "content-length", "host", "accept-encoding"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came."""

    at: float
    method: str
    path: str
    query: Mapping[str, list[str]]
    token: str

    @property
    def is_watch(self) -> bool:
        return "watch" in self.query

    @property
    def is_write(self) -> bool:
        return self.method in ("PATCH", "POST", "PUT", "DELETE")


@dataclass(frozen=True, slots=True)
class Canned:
    """An answer in place of the real server's."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "on purpose"


@dataclass(slots=True)
class FaultProxy:
    """Not listening until `start()`.

    Args:
        write_delay_s: before each write is passed on; a fault that needs a run in its middle needs it to last.
        drop: (event type, object) → isn't passed on.
        canned: (request) → what to answer instead; None: the real server's answer.
    """

    cluster: RealCluster
    folder: Path
    as_caller: bool = False
    port: int = field(default_factory=free_port)
    write_delay_s: float = 0.0
    drop: Callable[[str, Mapping[str, Any]], bool] = lambda _type, _object: False
    canned: Callable[[Asked], Canned | None] = lambda _: None
    asked: list[Asked] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)
    open: set[socket.socket] = field(default_factory=set)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def heal(self) -> None:
        """No fault any more; what was asked is forgotten."""
        self.write_delay_s, self.drop, self.canned = 0.0, lambda _type, _object: False, lambda _: None
        self.asked.clear()
        self.dropped.clear()
        if self._server is None:
            self.start()

    def start(self) -> None:
        proxy = self

        class Handler(_Handler):
            behind = proxy

        self._server = _Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """As a killed API server: nobody listens, all connections are gone."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        """Every connection is closed; new ones are taken."""
        for each in list(self.open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def context(self) -> ssl.SSLContext:
        """Towards the real server: as the admin, or without a certificate."""
        context = ssl.create_default_context(cadata=self.cluster.ca)
        if not self.as_caller:
            pair = self.folder / "admin.pem"
            if not pair.exists():
                pair.write_text(self.cluster.client_cert + "\n" + self.cluster.client_key)
                pair.chmod(0o600)
            context.load_cert_chain(pair)
        return context

    def since(self, at: float) -> list[Asked]:
        return [asked for asked in list(self.asked) if asked.at >= at]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Cut connections are what this is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    behind: FaultProxy

    def setup(self) -> None:
        super().setup()
        self.behind.open.add(self.connection)
        self.upstream: HTTPSConnection | None = None

    def finish(self) -> None:
        self.behind.open.discard(self.connection)
        if self.upstream is not None:
            self.upstream.close()
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class calls it so
        """Quiet."""

    def _forward(self) -> None:
        split = urlsplit(self.path)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        asked = Asked(time.monotonic(), self.command, split.path, parse_qs(split.query), token)
        self.behind.asked.append(asked)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if (canned := self.behind.canned(asked)) is not None:
            self._answer_canned(canned)
            return
        if asked.is_write and self.behind.write_delay_s:
            time.sleep(self.behind.write_delay_s)
        try:
            answer = self._ask(body)
            if asked.is_watch and answer.status == 200:
                self._stream(answer)
            else:
                self._send(answer.status, dict(answer.getheaders()), answer.read())
        except (OSError, HTTPException):
            self.close_connection = True

    do_GET = do_PATCH = do_POST = do_PUT = do_DELETE = _forward  # noqa: N815  the base class looks for these names

    def _ask(self, body: bytes) -> HTTPResponse:
        url = urlsplit(self.behind.cluster.server)
        if self.upstream is None:
            self.upstream = HTTPSConnection(url.hostname or "", url.port, timeout=60, context=self.behind.context())
        left_out = HOP_BY_HOP | (set() if self.behind.as_caller else {"authorization"})
        headers = {name: value for name, value in self.headers.items() if name.lower() not in left_out}
        self.upstream.request(self.command, self.path, body=body or None, headers=headers)
        return self.upstream.getresponse()

    def _answer_canned(self, canned: Canned) -> None:
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": canned.status}
        body = json.dumps(status | {"message": canned.message}).encode()
        self._send(canned.status, {"Content-Type": "application/json", **canned.headers}, body)

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _stream(self, answer: HTTPResponse) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        for line in _lines(answer):
            event = json.loads(line)
            if self.behind.drop(event["type"], event["object"]):
                self.behind.dropped.append((event["type"], event["object"].get("kind", "")))
                continue
            self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()


def _lines(answer: HTTPResponse) -> Iterator[bytes]:
    while line := answer.readline():
        yield line


@contextlib.contextmanager
def fault_proxy(cluster: RealCluster, folder: Path, *, as_caller: bool = False) -> Iterator[FaultProxy]:
    """Listening; stopped afterwards."""
    proxy = FaultProxy(cluster, folder, as_caller)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
