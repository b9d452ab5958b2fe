"""A Git host for tests: git's own `http-backend` behind a small HTTP server on the loopback.

Smart protocol, with and without credentials, with TLS, and badly behaved on request. Git is configured for each call
here, so nothing depends on the machine's own settings.
"""

import base64
import gzip
import os
import ssl
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import unquote

from tests.serving import Serving

Commit = Mapping[str, str | bytes]

_GIT: Final = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "PATH": os.environ.get("PATH", os.defpath),
}


_ADA: Final = "Ada <ada@example.org> 1700000000 +0000"


def git(folder: Path, *arguments: str, given: bytes = b"") -> str:
    """Run git as the author of a repository."""
    command = ["git", "-c", "init.defaultBranch=main", "-c", "fastimport.unpackLimit=0", *arguments]
    done = subprocess.run(command, cwd=folder, input=given, capture_output=True, env=_GIT, timeout=60, check=False)
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr.decode()}"
    return done.stdout.decode().strip()


def quoted(path: str) -> str:
    """A path as fast-import takes it, whatever characters it has."""
    return '"' + "".join(f"\\{byte:03o}" for byte in path.encode()) + '"'


@dataclass
class Author:
    """A bare repository of the server, and ways to put things into it without a working copy."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> Self:
        folder.mkdir(parents=True)
        git(folder, "init", "--quiet", "--bare")
        git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
        return cls(folder)

    def blob(self, content: str | bytes) -> str:
        data = content.encode() if isinstance(content, str) else content
        return git(self.folder, "hash-object", "-w", "--stdin", given=data)

    def commit(self, files: Commit, *, branch: str = "main", modes: Mapping[str, str] | None = None) -> str:
        """Put exactly these files into a new commit at the end of a branch.

        Args:
            files: content by path; of a submodule (mode 160000) its commit.
            branch: made when it isn't there.
            modes: other than 100644, by path: 100755, 120000 (link), 160000 (submodule).
        """
        marks = self.folder / "test-marks"
        parts = [f"commit refs/heads/{branch}\nmark :1\ncommitter {_ADA}\ndata 8\na change\n".encode()]
        for path, content in files.items():
            mode, name = (modes or {}).get(path, "100644"), quoted(path)
            if mode == "160000":
                parts.append(f"M {mode} {content!s} {name}\n".encode())
                continue
            data = content.encode() if isinstance(content, str) else content
            parts.append(f"M {mode} inline {name}\ndata {len(data)}\n".encode() + data + b"\n")
        git(self.folder, "fast-import", "--quiet", "--force", f"--export-marks={marks}", given=b"".join(parts))
        return marks.read_text().split()[1]

    def commit_tree(self, tree: str, *, branch: str = "main") -> str:
        commit = git(self.folder, "commit-tree", tree, "-m", "a change")
        git(self.folder, "update-ref", f"refs/heads/{branch}", commit)
        return commit

    def tree(self, *entries: tuple[str, str, str]) -> str:
        """A tree from (mode, name, object), whatever git thinks of the names."""
        data = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(item) for mode, name, item in entries)
        return git(self.folder, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", given=data)

    def tag(self, name: str, commit: str, *, annotated: bool = False) -> None:
        extra = ("-a", "-m", name) if annotated else ()
        git(self.folder, "tag", *extra, name, commit)


@dataclass
class Seen:
    """A request that came."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)

    @property
    def authorization(self) -> str | None:
        return self.headers.get("Authorization")


class GitServer(Serving):
    """Serves every repository below a folder, at `<url>/<name>.git`.

    Args:
        root: the folder.
        certificate: PEM with a key; then it speaks TLS.
        address: of the loopback.
        port: 0: a free one.
    """

    _server: "_Server"

    def __init__(
        self, root: Path, certificate: Path | None = None, *, address: str = "127.0.0.1", port: int = 0
    ) -> None:
        super().__init__()
        self.root, self.seen = root, list[Seen]()
        self.passwords: dict[str, str] = {}
        """When there are some: by user name."""
        self.answer: Callable[[Handler], object] | None = None
        """Asked before each request; what is true says that it has answered by itself."""
        self.protocol = 2
        self._server = _Server((address, port), Handler)
        self._server.owner = self
        self._scheme = "http"
        if certificate is not None:
            self.use_certificate(certificate)
            self._scheme = "https"

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def host(self) -> str:
        return f"{self._server.server_address[0]!s}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self._scheme}://{self.host}"

    def use_certificate(self, certificate: Path) -> bool:
        """For connections from now on. Not an answer."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._server.context = context
        return False

    def repository(self, name: str = "team/app") -> Author:
        return Author.create(self.root / f"{name}.git")


def moved(old: str, new: str) -> Callable[["Handler"], object]:
    """An answer for a server: what was at one place is at another now."""
    return lambda handler: (
        handler.path.startswith(old) and handler.send(301, Location=new + handler.path.removeprefix(old))
    )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    owner: GitServer
    context: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.context is not None:  # here, on the request's own thread: a client that hesitates holds up no other
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed in the middle are what these tests are about."""


class Handler(BaseHTTPRequestHandler):
    """One request: counted, then answered by the test, else by git."""

    protocol_version = "HTTP/1.1"
    server: _Server
    _read: bytes | None = None

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, *arguments: Any) -> None:
        """Silent."""

    @property
    def is_git(self) -> bool:
        """The program asks, not our own look-up of the refs."""
        return "KubeOrch" not in self.headers.get("User-Agent", "")

    def send(self, status: int, body: bytes = b"", **headers: str) -> bool:
        """A whole answer; header names with `_` for `-`."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return True

    def wait(self) -> bool:
        """Say nothing until the test is over."""
        self.server.owner.over.wait(60)
        return True

    def drip(self) -> bool:
        """A byte now and then."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not self.server.owner.over.wait(0.02):
            self.wfile.write(b"x")
        return True

    def begin(self, **headers: str) -> None:
        """An answer that goes on in chunks."""
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, part: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))

    def repeat(self, part: bytes) -> bool:
        """The same chunk until the test is over, or the client is gone."""
        while not self.server.owner.over.is_set():
            self.chunk(part)
        return True

    def flood(self) -> bool:
        """An answer without end."""
        self.begin()
        return self.repeat(b"0" * 65536)

    def body(self) -> bytes:
        """Of the request, unpacked; may be asked for more than once."""
        raw = self.raw_body()
        return gzip.decompress(raw) if self.headers.get("Content-Encoding") == "gzip" else raw

    def raw_body(self) -> bytes:
        """As it was sent."""
        if self._read is None:
            self._read = self._body()
        return self._read

    def _serve(self) -> None:
        owner = self.server.owner
        self._read = None
        owner.seen.append(Seen(self.command, self.path, dict(self.headers)))
        if owner.answer is not None and owner.answer(self):
            return
        if owner.passwords and not self._is_known(owner.passwords):
            self.raw_body()
            self.send(401, WWW_Authenticate='Basic realm="git"')
            return
        self._backend(owner.root)

    def _is_known(self, passwords: Mapping[str, str]) -> bool:
        scheme, _, proof = self.headers.get("Authorization", "").partition(" ")
        user, _, password = base64.b64decode(proof or "").decode().partition(":")
        return scheme == "Basic" and passwords.get(user) == password

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().strip(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _backend(self, root: Path) -> None:
        """Through CGI, as any web server would."""
        path, _, query = self.path.partition("?")
        environment = {
            **_GIT,
            "GIT_PROJECT_ROOT": str(root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": unquote(path),
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", "") if self.server.owner.protocol == 2 else "",
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(
            ["git", "http-backend"],
            input=self.raw_body(),
            capture_output=True,
            env=environment,
            timeout=60,
            check=False,
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        status = int(headers.pop("Status", "200").split()[0])
        headers.pop("Content-Length", None)
        self.send(status, body, **{name.replace("-", "_"): value for name, value in headers.items()})
