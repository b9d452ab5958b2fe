"""MongoDB is killed in mid-job and comes back: the job goes on, with no attempt counted, and no process has ended."""

import secrets
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from launcher.embedded import Mongo, wait_until
from launcher.ports import free_port
from launcher.processes import has_ended, kill_group, reap, spawn
from tests.toy_processes import Toys, installation
from tests.waiting import eventually


class MortalMongo:
    """A store that a test kills and starts again, with its data."""

    def __init__(self, folder: Path) -> None:
        self._server = Mongo(folder / "mongo", free_port(), secrets.token_urlsafe(24))
        self._log = folder / "mongo.log"
        self._server.prepare(self._log)
        self._process: subprocess.Popen[bytes] | None = None
        self.uri = self._server.uri

    def start(self) -> None:
        self._process = spawn(self._server.command(), log=self._log)
        wait_until(self._server.answers, self._process, name="MongoDB", log=self._log)

    def kill(self) -> None:
        if self._process is not None:
            kill_group(self._process.pid)
            reap(self._process)
            self._process = None


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MortalMongo]:
    server = MortalMongo(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def toys(store: MortalMongo, redis_url: str, redis: Any, tmp_path: Path) -> Iterator[Toys]:
    with (
        MongoClient[dict[str, Any]](store.uri, tz_aware=True, serverSelectionTimeoutMS=10_000) as client,
        installation(store.uri, redis_url, client["toys"], tmp_path) as made,
    ):
        yield made


def test_a_job_outlives_the_store_being_away(toys: Toys, store: MortalMongo) -> None:
    scheduler = toys.scheduler()
    worker = toys.worker()
    (job_id,) = toys.queue(steps=60, step_s=0.1)
    eventually(lambda: toys[job_id].get("done", 0) >= 3, within_s=40)

    store.kill()
    time.sleep(6)
    store.start()

    eventually(lambda: toys[job_id]["status"] == "completed", within_s=40)
    assert toys[job_id]["attempts"] == 0
    assert {step for step, _ in toys.calls(job_id)} == set(range(60))
    assert not has_ended(scheduler)
    assert not has_ended(worker)
