"""Fault 1 for imports: kill -9 of the worker in the middle of a clone. Another one does it; one that kills is ended."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from pymongo.database import Database

from launcher.processes import kill_group
from tests.import_system import SCHEDULER, WORKER, Holding, ImportSystem, import_system
from tests.sse_validator import judge
from tests.waiting import eventually

TAKEN_UP_WITHIN_S: Final = 15


@pytest.fixture
def system(
    mongo_uri: str, redis_url: str, redis: Any, db: Database[dict[str, Any]], tmp_path: Path
) -> Iterator[ImportSystem]:
    with import_system(mongo_uri, redis_url, db, tmp_path) as running:
        yield running


def git_processes_in(folder: Path) -> list[str]:
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                where, command = (process / "cwd").readlink(), (process / "cmdline").read_bytes()
            except OSError:
                continue
            if where.is_relative_to(folder):
                found.append(f"{process.name}: {command!r}")
    return found


def test_01_an_import_outlives_its_worker(system: ImportSystem) -> None:
    holding = Holding(system.host)
    system.processes.scheduler(SCHEDULER)
    first = system.processes.worker(app=WORKER)
    system.processes.ready()
    session_id = system.analyze(wait=0)["sessionId"]
    viewer = system.follow(session_id)
    holding.reached()
    system.processes.worker(app=WORKER)
    system.processes.ready()
    before = system.raw(session_id)
    assert before["status"] == "running"

    kill_group(first.pid)
    killed_at = time.monotonic()
    holding.let_go()
    eventually(lambda: system.raw(session_id)["fence"] > before["fence"], within_s=30)
    taken_after_s = time.monotonic() - killed_at
    eventually(lambda: system.session(session_id)["status"] == "completed", within_s=30)

    print(f"worker killed in mid-clone: another goes on after {taken_after_s:.1f} s")
    assert taken_after_s <= TAKEN_UP_WITHIN_S
    eventually(lambda: viewer.ended_at is not None, within_s=10)
    judge([viewer.recorded()], states=("metadata",))
    names = [frame.name for frame in viewer.frames]
    assert (names[0], names[-1], names.count("complete")) == ("metadata", "complete", 1)
    said = [frame.data["data"]["message"] for frame in viewer.frames if frame.name == "log"]
    stored = [line["message"] for line in system.raw(session_id)["logs"]]
    assert said == stored, "every line once, in order"
    assert "Starting again: the worker that had this import is gone" in said
    assert list(system.work_dir.glob("import-*")) == [], "what the dead one left is swept"
    assert git_processes_in(system.work_dir) == []


def test_01_an_import_that_kills_its_workers_fails_with_its_reason(system: ImportSystem) -> None:
    session_id = system.analyze(wait=0)["sessionId"]
    system.services.db["import_sessions"].update_one({}, {"$set": {"tries": 3}})
    system.processes.worker(app=WORKER)
    system.processes.ready()

    system.services.doorbell("imports.analyze", session_id)
    eventually(lambda: system.session(session_id)["status"] == "failed", within_s=30)

    session = system.session(session_id)
    assert session["errorCode"] == "WORKER_LOST"
    assert session["errorMessage"].startswith("Given up after 3 attempts")
    viewer = system.follow(session_id)
    eventually(lambda: viewer.ended_at is not None, within_s=10)
    assert viewer.frames[-1].data["data"]["error_code"] == "WORKER_LOST"
