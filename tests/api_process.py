"""gunicorn as in production, with the product's or a test's application, that a test may kill."""

import contextlib
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from launcher.ports import free_port
from launcher.processes import end, reap, spawn
from tests.waiting import eventually

ROOT = Path(__file__).parent.parent


class ApiProcess:
    """Not running until `start()`. One worker."""

    def __init__(self, folder: Path, application: str, environment: Mapping[str, str]) -> None:
        self.port = free_port()
        self.log = folder / "api.log"
        self._application = application
        self._process: subprocess.Popen[bytes] | None = None
        ours = {
            "PORT": str(self.port),
            "BIND_ADDRESS": "127.0.0.1",
            "WEB_CONCURRENCY": "1",
            "JWT_SECRET": "k" * 40,
            "ENCRYPTION_KEY": "a key for tests",
            "IMPORT_IMAGE_FACTS": "false",
        }
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
        self._environment = {**kept, **ours, **environment}

    def start(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", self._application]
        self._process = spawn(command, log=self.log, environment=self._environment, folder=ROOT)
        eventually(lambda: self.call("GET", "/healthz")[0] == 200, within_s=30)

    def kill(self) -> None:
        """As `kill -9` of the whole server."""
        assert self._process is not None
        reap(self._process)
        self._process = None

    def stop(self, within_s: float = 30) -> None:
        if self._process is not None:
            end(self._process, within_s=within_s)
            self._process = None

    def terminate(self) -> subprocess.Popen[bytes]:
        """SIGTERM, without waiting."""
        assert self._process is not None
        self._process.terminate()
        return self._process

    def worker_pid(self) -> int:
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return int(children[0])

    def resident_bytes(self) -> int:
        """Memory of the worker."""
        pages = int(Path(f"/proc/{self.worker_pid()}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def cpu_s(self) -> float:
        """Processor time that the worker has used, in steps of 10 ms."""
        fields = Path(f"/proc/{self.worker_pid()}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and parsed JSON."""
        status, _, content = self.request(method, path, body, headers)
        return status, json.loads(content) if content else None

    def request(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
            connection.request(method, path, body=data, headers=dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


@contextlib.contextmanager
def api_process(folder: Path, application: str, environment: Mapping[str, str]) -> Iterator[ApiProcess]:
    process = ApiProcess(folder, application, environment)
    process.start()
    try:
        yield process
    finally:
        process.stop()
