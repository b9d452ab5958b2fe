"""A Redis that a test kills and starts again: same port, same password, its data or none."""

import contextlib
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import redis as redis_client

from launcher.embedded import Redis, wait_until
from launcher.ports import free_port
from launcher.processes import reap, spawn


class MortalRedis:
    """Not running until `start()`."""

    def __init__(self, folder: Path) -> None:
        self._server = Redis(folder / "redis", free_port(), secrets.token_urlsafe(24))
        self._log = folder / "redis.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._server.prepare()

    @property
    def uri(self) -> str:
        return self._server.uri

    def start(self, *, empty: bool = False) -> None:
        if empty:
            shutil.rmtree(self._server.folder)
            self._server.folder.mkdir()
        self._process = spawn(self._server.command(), log=self._log)
        wait_until(self._server.answers, self._process, name="Redis", log=self._log)

    def kill(self) -> None:
        """As `kill -9`."""
        if self._process is not None:
            self._process.kill()
            reap(self._process)
            self._process = None

    def send(self, number: signal.Signals) -> None:
        """SIGSTOP: it accepts connections and never answers."""
        assert self._process is not None
        self._process.send_signal(number)

    def client(self) -> redis_client.Redis:
        return redis_client.Redis.from_url(self.uri, socket_connect_timeout=2, socket_timeout=2)


@contextlib.contextmanager
def mortal_redis(folder: Path) -> Iterator[MortalRedis]:
    server = MortalRedis(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()
