"""Fault 11: Redis is killed and comes back, in mid-task too, while children are recycled after every second task.

celery#7800 is the question: are consumers deaf after a broker restart when `worker_max_tasks_per_child` is used?
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.mortal_redis import MortalRedis, mortal_redis
from tests.toy_processes import Toys, installation
from tests.waiting import eventually

RECYCLING = "--max-tasks-per-child=2"
ROUNDS = 3


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[MortalRedis]:
    with mortal_redis(tmp_path / "broker") as server:
        yield server


@pytest.fixture
def toys(mongo_uri: str, broker: MortalRedis, db: Database[dict[str, Any]], tmp_path: Path) -> Iterator[Toys]:
    with installation(mongo_uri, broker.uri, db, tmp_path) as made:
        yield made


def down_for(broker: MortalRedis, seconds: float) -> float:
    """Killed, down, back; gives when it was back."""
    broker.kill()
    time.sleep(seconds)
    broker.start()
    return time.monotonic()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("down_s", [2, pytest.param(60, marks=pytest.mark.soak)])
def test_work_is_taken_within_10_s_after_redis_is_back_with_recycling_on(
    toys: Toys, broker: MortalRedis, down_s: float
) -> None:
    toys.scheduler()
    toys.worker(RECYCLING, children=2)
    toys.ready()
    toys.queue(7)
    eventually(lambda: toys.with_status("completed") == 7, within_s=20)

    waits = []
    for round_number in range(1, ROUNDS + 1):
        back_at = down_for(broker, down_s)
        ids = toys.queue(5)
        eventually(lambda: toys[ids[0]]["status"] == "completed", within_s=10)  # noqa: B023  called at once
        waits.append(time.monotonic() - back_at)
        eventually(lambda: toys.with_status("completed") == 7 + 5 * round_number, within_s=20)  # noqa: B023  called at once

    assert max(waits) <= 10, f"seconds until work was taken: {waits}"


def test_a_job_survives_a_restart_of_redis_in_mid_task_and_is_done_once(toys: Toys, broker: MortalRedis) -> None:
    toys.scheduler()
    toys.worker(RECYCLING)
    (job_id,) = toys.queue(steps=60, step_s=0.1)
    eventually(lambda: toys[job_id].get("done", 0) >= 3, within_s=40)

    down_for(broker, 2)

    eventually(lambda: toys[job_id]["status"] == "completed", within_s=20)
    assert [step for step, _ in toys.calls(job_id)] == list(range(60))


def test_what_was_queued_while_redis_was_away_is_done_when_it_is_back(toys: Toys, broker: MortalRedis) -> None:
    toys.scheduler()
    toys.worker(RECYCLING)
    toys.ready()
    broker.kill()

    asked_at = time.monotonic()
    ids = toys.queue(3)
    assert time.monotonic() - asked_at < 1, "ringing never waits for the broker"
    time.sleep(3)
    broker.start()

    eventually(lambda: toys.with_status("completed") == len(ids), within_s=15)
