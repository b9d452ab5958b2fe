"""A Kubernetes API as far as a connection test asks, over plain HTTP: a test says who is let in and what fails."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pymongo.database import Database

from app.bootstrap import Services
from tests.api import close_services, make_services


class ScriptedApi:
    """Answers like an API server of one node. Fields may be changed while it runs.

    Args:
        url: where it is.
        users: token → user name; any other token gets 401, none is anonymous.
        failing_with: a status that every request gets, or 0.
        failing_once: a status that the next request gets, or 0.
        body: what every request gets instead of the real thing, if not None.
        is_old: it can't say who somebody is (before Kubernetes 1.26).
        version_calls: how often `/version` was asked for.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.users = {"good": "ada"}
        self.failing_with = 0
        self.failing_once = 0
        self.body: Any = None
        self.version_calls = 0
        self.is_old = False

    def answer(self, method: str, path: str, token: str | None) -> tuple[int, Any]:
        """Status and JSON of one request."""
        if path == "/version":
            self.version_calls += 1
        failing = self.failing_once or self.failing_with
        self.failing_once = 0
        if failing:
            return failing, _status(failing, f"failed; you sent {token}")
        if self.body is not None:
            return 200, self.body
        if token is not None and token not in self.users:
            return 401, _status(401, "Unauthorized")
        user = self.users[token] if token else "system:anonymous"
        if path == "/version":
            return 200, {"gitVersion": "v1.34.0", "platform": "linux/amd64"}
        if path.endswith("/selfsubjectrulesreviews"):
            return (403, _status(403, f'User "{user}" cannot')) if token is None else (201, {})
        if path.endswith("/selfsubjectreviews") and not self.is_old:
            return 201, {"status": {"userInfo": {"username": user}}}
        if path.endswith("/selfsubjectaccessreviews"):
            return 201, {"status": {"allowed": True}}
        if path == "/api/v1/nodes":
            return 200, _list({"metadata": {"name": "n"}, "status": {"capacity": {"cpu": "2", "memory": "4Gi"}}})
        if path == "/api/v1/namespaces":
            return 200, _list({"metadata": {"name": "default"}})
        if path.endswith("/storageclasses"):
            return 200, _list({"metadata": {"name": "standard"}})
        return 404, _status(404, f"{method} {path} is not scripted")


@contextmanager
def a_scripted_api() -> Iterator[ScriptedApi]:
    """One that runs until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two writes: 40 ms a request otherwise
        api: ScriptedApi

        def handle_any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            scheme, _, token = self.headers.get("Authorization", "").partition(" ")
            path = self.path.partition("?")[0]
            status, answer = self.api.answer(self.command, path, token if scheme == "Bearer" else None)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = handle_any  # noqa: N815  names of the standard library

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Handler.api = ScriptedApi(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Handler.api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def services(db: Database[dict[str, Any]], mongo_uri: str, redis_url: str) -> Iterator[Services]:
    """All services; clusters may be on this machine and speak plain HTTP."""
    made = make_services(db, mongo_uri, redis_url, cluster_allow_loopback=True, cluster_allow_http=True)
    yield made
    close_services(made)


@pytest.fixture
def scripted() -> Iterator[ScriptedApi]:
    """A fresh one."""
    with a_scripted_api() as api:
        yield api


def _list(*items: Any) -> dict[str, Any]:
    return {"metadata": {}, "items": list(items)}


def _status(code: int, message: str) -> dict[str, Any]:
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code}
