"""An image registry for tests: the reading half of the distribution API on the loopback, badly behaved on request."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.serving import Serving

INDEX: Final = "application/vnd.oci.image.index.v1+json"
MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
TOKEN: Final = "t0ken-canary"


@dataclass
class Seen:
    """A request that came."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class RegistryServer(Serving):
    """Serves what `image` and `index` put into it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Seen] = []
        self.wants_token = False
        self.answer: Callable[[Handler], object] | None = None
        """Asked before each request; what is true says that it has answered by itself."""
        self.manifests: dict[tuple[str, str], tuple[str, bytes]] = {}
        """(repository, tag or digest) → (media type, content)."""
        self.blobs: dict[str, bytes] = {}
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.owner = self

    @property
    def host(self) -> str:
        """As an image names it."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def image(
        self, name: str, tag: str = "", *, architecture: str = "amd64", config_type: str = CONFIG, **config: Any
    ) -> str:
        """Put an image there; its digest. `config`: fields of its configuration (`User`, `ExposedPorts`, ...)."""
        made = {"os": "linux", "architecture": architecture, "created": "2026-01-02T03:04:05Z", "config": config}
        blob = json.dumps(made).encode()
        self.blobs[digest_of(blob)] = blob
        described = {"mediaType": config_type, "digest": digest_of(blob), "size": len(blob)}
        layers = [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "sha256:0", "size": 1000}]
        return self.put(name, tag, MANIFEST, {"schemaVersion": 2, "config": described, "layers": layers})

    def index(self, name: str, tag: str, by_platform: Mapping[str, str]) -> str:
        """Put an index there; its digest."""
        entries = []
        for platform, digest in by_platform.items():
            system, architecture, *variant = platform.split("/")
            fields = {"os": system, "architecture": architecture} | ({"variant": variant[0]} if variant else {})
            entries.append({"mediaType": MANIFEST, "digest": digest, "size": 1, "platform": fields})
        return self.put(name, tag, INDEX, {"schemaVersion": 2, "manifests": entries})

    def put(self, name: str, tag: str, media_type: str, document: Mapping[str, Any]) -> str:
        content = json.dumps(document).encode()
        for wanted in {tag, digest_of(content)} - {""}:
            self.manifests[name, wanted] = (media_type, content)
        return digest_of(content)

    def asked(self, method: str = "GET") -> list[str]:
        """Paths below `/v2/`, in order."""
        return [one.path.removeprefix("/v2/") for one in self.seen if one.method == method]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    owner: RegistryServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away in the middle are what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    """One request: noted, then answered by the test, else from what is there."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def log_message(self, *arguments: Any) -> None:
        """Silent."""

    def send(self, status: int, content: bytes = b"", **headers: str) -> bool:
        """Answer; `Content_Type` is written with a hyphen."""
        self.send_response(status)
        for name, value in {"Content_Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        return True

    def send_without_end(self) -> bool:
        """A body that goes on until the client has enough."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        while not self.server.owner.over.is_set():
            self.wfile.write(b" " * 65536)
        return True

    def hang(self) -> bool:
        """No answer as long as the test lasts."""
        self.server.owner.over.wait(60)
        return True

    def _serve(self) -> None:
        owner = self.server.owner
        owner.seen.append(Seen(self.command, self.path, dict(self.headers)))
        if owner.answer is not None and owner.answer(self):
            return
        url = urlsplit(self.path)
        if url.path == "/token":
            scope = parse_qs(url.query).get("scope", [""])[0]
            self.send(200, json.dumps({"token": f"{TOKEN}:{scope}"}).encode(), Content_Type="application/json")
            return
        name, kind, wanted = self._parts(url.path)
        if owner.wants_token and self.headers.get("Authorization") != f"Bearer {TOKEN}:repository:{name}:pull":
            challenge = f'Bearer realm="http://{owner.host}/token",service="tests",scope="repository:{name}:pull"'
            self.send(401, WWW_Authenticate=challenge)
        elif kind == "manifests" and (name, wanted) in owner.manifests:
            media_type, content = owner.manifests[name, wanted]
            self.send(200, content, Content_Type=media_type, Docker_Content_Digest=digest_of(content))
        elif kind == "blobs" and wanted in owner.blobs:
            self.send(200, owner.blobs[wanted])
        else:
            self.send(404, b'{"errors": []}')

    @staticmethod
    def _parts(path: str) -> tuple[str, str, str]:
        """(repository, manifests or blobs, what of it)."""
        rest, _, wanted = path.removeprefix("/v2/").rpartition("/")
        name, _, kind = rest.rpartition("/")
        return name, kind, wanted
