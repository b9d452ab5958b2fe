"""HTTPS on loopback: connections, requests, answers. A thread a connection. What a path means is in `routing`."""

import ssl
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import IPPROTO_TCP, TCP_NODELAY, socket
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, urlsplit

import orjson
import yaml

from practice_cluster import protobuf
from practice_cluster.errors import ApiError, bad_request

BODY_MOST: Final = 3 * 1024 * 1024
"""What the real API server takes."""
IDLE_S: Final = 300
_HANDSHAKE_S: Final = 10
CONNECTIONS_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks."""

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    commands: tuple[str, ...] = ()
    """All values of `command`: that parameter may come several times."""

    @property
    def accept(self) -> str:
        return self.headers.get("accept", "")

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() in ("true", "1")

    def json(self) -> Any:
        """The body, which may be YAML.

        Raises:
            ApiError: 400, it is neither.
        """
        if not self.body:
            return {}
        if self.body.startswith(protobuf.MAGIC):
            return protobuf.read(self.body)
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            pass
        if "json" in self.headers.get("content-type", ""):
            raise bad_request("the body isn't JSON")
        try:
            return yaml.safe_load(self.body)
        except (yaml.YAMLError, UnicodeDecodeError):
            raise bad_request("the body is neither JSON nor YAML") from None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back. `parts` is for streams: it is sent as it comes, in chunks."""

    code: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    parts: Iterable[bytes] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Upgraded(Protocol):
    """A conversation that takes over the connection, after a 101."""

    def __call__(self, connection: socket) -> None: ...


class Application(Protocol):
    """Whatever answers; `routing` does."""

    def answer(self, request: Request) -> Answer | Upgraded: ...


class Server(ThreadingHTTPServer):
    """Listens on 127.0.0.1.

    Args:
        port: 0 for any that is free.
        context: with the certificate.
        application: answers.
    """

    daemon_threads, allow_reuse_address, request_queue_size = True, True, 128

    def __init__(self, port: int, context: ssl.SSLContext, application: Application) -> None:
        self.context, self.application = context, application
        super().__init__(("127.0.0.1", port), Handler)

    def get_request(self) -> tuple[Any, Any]:
        """Wrapped, but with the handshake left to the connection's own thread."""
        connection, address = super().get_request()
        connection.settimeout(_HANDSHAKE_S)
        connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        return self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections break; that isn't worth a traceback."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version, server_version, sys_version = "HTTP/1.1", "practice-cluster", ""
    wbufsize = -1
    server: Server
    timeout = IDLE_S

    def setup(self) -> None:
        self.request.do_handshake()
        super().setup()

    def handle_any(self) -> None:
        """Read the request, answer it; errors become `Status` objects."""
        try:
            answer = self.server.application.answer(self._request())
        except ApiError as error:
            answer = Answer(error.code, orjson.dumps(error.body))
        except Exception:  # noqa: BLE001  the edge of this process: said in its log, and to the client
            traceback.print_exc()
            failed = ApiError(500, "InternalError", "the practice cluster failed at this; its log says why")
            answer = Answer(failed.code, orjson.dumps(failed.body))
        if not isinstance(answer, Answer):
            self.close_connection = True
            self.wfile.flush()
            answer(self.request)
            return
        self._send(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815  the base class's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Nothing: requests may be many, and their paths are nobody's business."""

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        query = parse_qsl(parts.query, keep_blank_values=True)
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding"):
            body = self._chunks()
        else:
            size = int(length) if length.isdecimal() else 0
            body = self._read(size)
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = tuple(part for part in parts.path.split("/") if part)
        commands = tuple(value for name, value in query if name == "command")
        return Request(self.command, path, dict(query), headers, body, commands)

    def _read(self, size: int) -> bytes:
        if size > BODY_MOST:
            self.close_connection = True
            raise ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {BODY_MOST}")
        return self.rfile.read(size)

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(100).split(b";")[0], 16):
            body += self._read(size if len(body) + size <= BODY_MOST else BODY_MOST + 1)
            self.rfile.readline(10)
        self.rfile.readline(10)
        return body

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.code)
        self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.parts is None:
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
            self.wfile.flush()
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        for part in answer.parts:
            if part:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
                self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()
