"""26: kill -9 of the launcher leaves no child after 5 s, and the next start uses the same data."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from launcher.embedded import Mongo
from launcher.ports import free_port
from launcher.processes import marked
from tests.integration.launcher.launched import Launched, launched
from tests.waiting import eventually

PARTS = ("redis", "mongo", "api", "worker", "watcher", "scheduler", "flower")
GONE_WITHIN_S = 5
FAMILY = len(PARTS) + 2  # with a gunicorn worker and a pool process at least


def started(data: Path) -> contextlib.AbstractContextManager[Launched]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("MONGO_URI", "REDIS_URL")}
    own = {"KUBEORCH_DATA": str(data), "PORT": str(free_port()), "WORKER_CONCURRENCY": "2"}
    return launched(["launcher", "run"], data, inherited | own)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "kubeorch"


@contextlib.contextmanager
def store_of(launch: Launched) -> Iterator[MongoClient[dict[str, Any]]]:
    kept = json.loads((launch.data / "secrets.json").read_text())
    port = launch.run()["processes"]["mongo"]["port"]
    uri = Mongo(launch.data / "mongo", port, kept["MONGO_PASSWORD"]).uri
    with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=10_000) as client:
        yield client


@pytest.mark.timeout(240)  # two starts
def test_kill_9_of_the_launcher_leaves_no_child_and_keeps_the_data(data: Path) -> None:
    with started(data) as launch:
        launch.wait_for(*PARTS, within_s=40)
        eventually(lambda: len(launch.living()) >= FAMILY, within_s=30)
        with store_of(launch) as client:
            client["kubeorch"]["kept"].insert_one({"_id": "before the kill"})
        family = [launch.run()["guardian"]["pid"], *launch.living()]

        launch.process.kill()
        killed_at = time.monotonic()
        eventually(lambda: not any(is_alive(pid) for pid in family), within_s=GONE_WITHIN_S)

        print(f"{len(family)} processes gone after {time.monotonic() - killed_at:.2f} s")

    with started(data) as launch:
        launch.wait_for("mongo", within_s=40)
        with store_of(launch) as client:
            assert client["kubeorch"]["kept"].find_one({"_id": "before the kill"})


def is_alive(pid: int) -> bool:
    """A zombie isn't: it only waits for init to take its status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="module")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    with started(tmp_path_factory.mktemp("launch") / "kubeorch") as launch:
        launch.wait_for(*PARTS, within_s=40)
        yield launch


@pytest.mark.parametrize("part", PARTS)
def test_a_killed_part_is_back_within_two_seconds(launch: Launched, part: str) -> None:
    before, mark = launch.pid_of(part), f"{launch.run()['launch']}/{part}"
    assert before is not None
    old_family = set(marked(mark))

    os.kill(before, signal.SIGKILL)
    eventually(lambda: launch.pid_of(part) not in (None, before), within_s=2)

    assert not any(is_alive(pid) for pid in old_family), "its children must not work on beside the next one's"
