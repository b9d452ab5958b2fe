"""HTTPS on loopback, by gevent's server: from its environment to a `Request`, from an `Answer` to its calls."""

import contextlib
import ssl
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
import yaml
from gevent.pywsgi import WSGIHandler, WSGIServer

from practice_cluster import protobuf
from practice_cluster.errors import ApiError, bad_request

BODY_MOST: Final = 3 * 1024 * 1024
"""What the real API server takes."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks."""

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    environ: Mapping[str, Any]
    body: bytes
    commands: tuple[str, ...]
    """All values of `command`: that parameter may come several times."""

    def header(self, name: str) -> str:
        key = name.upper().replace("-", "_")
        return str(self.environ.get(key if key == "CONTENT_TYPE" else f"HTTP_{key}", ""))

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() in ("true", "1")

    def number(self, name: str) -> int:
        """0 where it isn't given, or is none."""
        return int(text) if (text := self.query.get(name, "")).isdecimal() else 0

    def json(self) -> Any:
        """The body, which may be YAML.

        Raises:
            ApiError: 400, it is neither.
        """
        if self.body.startswith(protobuf.MAGIC):
            return protobuf.read(self.body)
        try:
            is_json = "json" in self.header("content-type")
            return (orjson.loads if is_json else yaml.safe_load)(self.body) if self.body else {}
        except (orjson.JSONDecodeError, yaml.YAMLError, UnicodeDecodeError):
            raise bad_request("the body is neither JSON nor YAML") from None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back: a body, parts as they come, or a conversation over the bare connection."""

    code: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    parts: Iterable[bytes] | None = None
    talk: Callable[[Any], None] | None = None


class Handler(WSGIHandler):  # type: ignore[misc]  # gevent has no types
    """Gives the application its connection, and doesn't tell of clients that have gone."""

    def handle(self) -> None:
        self.socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        super().handle()

    def get_environ(self) -> dict[str, Any]:
        return {**super().get_environ(), "practice.handler": self}

    def handle_error(self, kind: Any, error: Any, trace: Any) -> None:
        self.close_connection = True
        if not isinstance(error, OSError):
            super().handle_error(kind, error, trace)


class Server(WSGIServer):  # type: ignore[misc]
    """Doesn't tell of handshakes that fail either: whoever doesn't trust us has the right to."""

    def wrap_socket_and_handle(self, client_socket: Any, address: Any) -> Any:
        with contextlib.suppress(OSError):
            return super().wrap_socket_and_handle(client_socket, address)


def make_server(port: int, context: ssl.SSLContext, answer: Callable[[Request], Answer]) -> WSGIServer:
    """On 127.0.0.1.

    Args:
        port: 0 for any that is free.
        context: with the certificate.
        answer: raises ApiError when it says no.
    """

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            told = answer(_request(environ))
        except ApiError as error:
            told = Answer(error.code, orjson.dumps(error.body))
        except Exception:  # noqa: BLE001  the edge of this process: said in its log, and to the client
            traceback.print_exc(file=sys.stderr)
            failed = ApiError(500, "InternalError", "the practice cluster failed at this; its log says why")
            told = Answer(500, orjson.dumps(failed.body))
        if told.talk:
            environ["practice.handler"].close_connection = True
            told.talk(environ["practice.handler"].socket)
            return []
        length = [] if told.parts is not None else [("Content-Length", str(len(told.body)))]
        write = start_response(
            f"{told.code} {HTTPStatus(told.code).phrase}", [("Content-Type", told.content_type), *length]
        )
        if told.parts is None:
            return [told.body]
        write(b"")  # the headers at once: a watch may have nothing to tell for long
        return told.parts

    return Server(("127.0.0.1", port), application, handler_class=Handler, log=None, ssl_context=context)


def _request(environ: dict[str, Any]) -> Request:
    query = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)
    # Without a body pywsgi would wait for the end of a connection that is to be upgraded.
    has_body = environ.get("CONTENT_LENGTH") not in (None, "", "0") or "HTTP_TRANSFER_ENCODING" in environ
    body = environ["wsgi.input"].read(BODY_MOST + 1) if has_body else b""
    if len(body) > BODY_MOST:
        environ["practice.handler"].close_connection = True
        raise ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {BODY_MOST}")
    path = tuple(part for part in environ["PATH_INFO"].split("/") if part)
    commands = tuple(value for name, value in query if name == "command")
    return Request(environ["REQUEST_METHOD"], path, dict(query), environ, body, commands)
