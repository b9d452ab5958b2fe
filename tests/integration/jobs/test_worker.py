"""A real worker and a real scheduler: bad messages do no harm, and both stop when told."""

import base64
import json
import pickle
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis as redis_client
from pymongo.database import Database

from launcher.processes import has_ended
from launcher.supervisor import STOP_WITHIN_S
from tests.mortal_redis import MortalRedis, mortal_redis
from tests.toy_app import NAME
from tests.toy_processes import Toys, installation, toys
from tests.waiting import eventually

__all__ = ["toys"]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[MortalRedis]:
    with mortal_redis(tmp_path / "broker") as server:
        yield server


def a_message(
    task: str, body: bytes, *, content_type: str = "application/json", encoding: str = "utf-8"
) -> dict[str, Any]:
    """As it lies in Redis."""
    task_id = str(uuid.uuid4())
    return {
        "body": base64.b64encode(body).decode(),
        "content-encoding": encoding,
        "content-type": content_type,
        "headers": {"lang": "py", "task": task, "id": task_id, "root_id": task_id, "parent_id": None, "group": None},
        "properties": {
            "correlation_id": task_id,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": "deploys"},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": str(uuid.uuid4()),
        },
    }


def arguments(*given: object) -> bytes:
    return json.dumps([list(given), {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]).encode()


def bad_messages(marker: Path) -> list[str]:
    harmful = pickle.dumps([[_Touch(marker)], {}, {}])
    return [
        json.dumps(a_message("deploys.unheard_of", arguments("65f1a2b3c4d5e6f708192a3b"))),
        json.dumps(a_message(NAME, harmful, content_type="application/x-python-serialize", encoding="binary")),
        json.dumps(a_message(NAME, b"\x00not json")),
        json.dumps(a_message(NAME, b'"no list"')),
        json.dumps(a_message(NAME, arguments())),
        json.dumps(a_message(NAME, arguments("one", "too many"))),
        json.dumps(a_message(NAME, arguments({"$gt": ""}))),
        json.dumps(a_message(NAME, arguments("x" * 100_000))),
        json.dumps({"nothing": "of it"}),
        json.dumps(["a", "list"]),
        "no JSON at all",
        "",
    ]


class _Touch:
    """Unpickled, it makes a file."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._marker,)


def test_unknown_and_malformed_messages_are_dropped_and_work_goes_on(
    toys: Toys, redis: redis_client.Redis, tmp_path: Path
) -> None:
    worker = toys.worker()
    toys.ready()
    marker = tmp_path / "unpickled"

    for message in bad_messages(marker):
        redis.lpush("deploys", message)
        (job_id,) = toys.queue()
        eventually(lambda: toys[job_id]["status"] == "completed", within_s=10)  # noqa: B023  called at once
        assert not has_ended(worker), f"{message[:60]} has ended the worker"

    assert not marker.exists()
    eventually(lambda: redis.llen("deploys") == 0)


@pytest.mark.parametrize("name", ["scheduler", "worker"])
def test_an_idle_process_stops_before_the_launcher_would_kill_it(toys: Toys, name: str) -> None:
    process = toys.scheduler() if name == "scheduler" else toys.worker()
    toys.ready()

    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=STOP_WITHIN_S) == 0


def test_the_scheduler_frees_leases_while_redis_is_away_and_rings_when_it_is_back(
    mongo_uri: str, broker: MortalRedis, db: Database[dict[str, Any]], tmp_path: Path
) -> None:
    with installation(mongo_uri, broker.uri, db, tmp_path) as toys:
        scheduler = toys.scheduler()
        toys.ready()
        broker.kill()
        (job_id,) = toys.queue(ring=False)
        db["leases"].insert_one({"_id": f"toy:{job_id}", "owner": "killed", "fence": 1, "beat": 0})

        eventually(lambda: db["leases"].find_one({"owner": None}), within_s=15)
        assert not has_ended(scheduler)
        broker.start()
        toys.worker()

        eventually(lambda: toys[job_id]["status"] == "completed", within_s=40)
