"""Starting toy workers and schedulers, and watching their jobs: real processes with a database of their own."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database
from pymongo.uri_parser import parse_uri

from app.clock import SystemClock
from app.jobs.doorbell import CeleryDoorbell
from launcher.embedded import tail
from launcher.processes import end, has_ended, kill_group, spawn
from tests.toy_app import NAME, queue_toys

ROOT = Path(__file__).parent.parent


@dataclass
class Toys:
    """One installation: a database, a Redis, and the processes that a test starts."""

    db: Database[dict[str, Any]]
    environment: Mapping[str, str]
    folder: Path
    doorbell: CeleryDoorbell
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def worker(self, *arguments: str, children: int = 1, app: str = "tests.toy_app:celery") -> subprocess.Popen[bytes]:
        """A Celery worker, starting; `ready()` waits for it."""
        name = f"w{len(self.processes)}-{secrets.token_hex(2)}"
        options = ["-n", f"{name}@toys", "-E", "-c", str(children), *arguments]
        return self._start(name, ["celery", "-A", app, "worker", *options], "ready.")

    def scheduler(self, module: str = "tests.toy_app") -> subprocess.Popen[bytes]:
        """A scheduler, starting."""
        return self._start(f"s{len(self.processes)}", [module], "scheduler_started")

    def queue(self, count: int = 1, *, steps: int = 1, step_s: float = 0.0, ring: bool = True) -> list[ObjectId]:
        """Jobs that wait."""
        ids = queue_toys(self.db, SystemClock().now(), count, steps=steps, step_s=step_s)
        if ring:
            for job_id in ids:
                self.doorbell(NAME, str(job_id))
        return ids

    def __getitem__(self, job_id: ObjectId) -> dict[str, Any]:
        raw = self.db["toys"].find_one({"_id": job_id})
        assert raw is not None
        return raw

    def calls(self, job_id: ObjectId) -> list[tuple[int, int]]:
        """(step, fence) of each outward call, in order."""
        return [(raw["step"], raw["fence"]) for raw in self.db["toy_calls"].find({"job": job_id}).sort("_id", 1)]

    def with_status(self, status: str) -> int:
        return self.db["toys"].count_documents({"status": status})

    def children(self, worker: subprocess.Popen[bytes]) -> list[int]:
        """The pool of a Celery worker."""
        found = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
        assert found, "a worker has at least one child"
        return [int(pid) for pid in found]

    def kill(self, pid: int) -> None:
        """kill -9 of one process that a test has started."""
        os.kill(pid, signal.SIGKILL)

    def log(self, process: subprocess.Popen[bytes]) -> str:
        return self._log_of[process.pid].read_text()

    _log_of: dict[int, Path] = field(default_factory=dict)
    _starting: list[tuple[subprocess.Popen[bytes], Path, str]] = field(default_factory=list)

    def _start(self, name: str, module: Sequence[str], ready: str) -> subprocess.Popen[bytes]:
        log = self.folder / f"{name}.log"
        process = spawn([sys.executable, "-m", *module], log=log, environment=self.environment, folder=ROOT)
        self.processes.append(process)
        self._log_of[process.pid] = log
        self._starting.append((process, log, ready))
        return process

    def ready(self) -> None:
        """Wait until all that were started say in their logs that they are up."""
        while self._starting:
            wait_for_line(*self._starting.pop())

    def stop(self) -> None:
        self.doorbell.close(0.1)
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGCONT)
            kill_group(process.pid)
            end(process)


def wait_for_line(process: subprocess.Popen[bytes], log: Path, ready: str) -> None:
    from tests.waiting import eventually

    eventually(lambda: has_ended(process) or ready in log.read_text(), within_s=40)
    assert not has_ended(process), f"It ended at once:\n{tail(log, 30)}"


@contextlib.contextmanager
def installation(mongo_uri: str, redis_url: str, db: Database[dict[str, Any]], folder: Path) -> Iterator[Toys]:
    environment = {
        **os.environ,
        "MONGO_URI": mongo_uri.replace(f"/{parse_uri(mongo_uri)['database']}?", f"/{db.name}?"),
        "REDIS_URL": redis_url,
        "JWT_SECRET": secrets.token_hex(32),
        "ENCRYPTION_KEY": secrets.token_hex(32),
        "KUBEORCH_CONFIG": str(_empty_file(folder)),
    }
    toys = Toys(db, environment, folder, CeleryDoorbell(redis_url))
    try:
        yield toys
    finally:
        toys.stop()


def _empty_file(folder: Path) -> Path:
    path = folder / "config.yaml"
    path.write_text("{}\n")
    return path


@pytest.fixture
def toys(mongo_uri: str, redis_url: str, redis: Any, db: Database[dict[str, Any]], tmp_path: Path) -> Iterator[Toys]:
    """Everything of its own but the servers, which other tests share: don't kill those."""
    with installation(mongo_uri, redis_url, db, tmp_path) as made:
        yield made
