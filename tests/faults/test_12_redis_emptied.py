"""Fault 12: Redis is emptied (FLUSHALL). What it held are doorbells: the jobs and the leases are in the store."""

from typing import Any

import redis as redis_client

from tests.toy_processes import Toys, toys
from tests.waiting import eventually

__all__ = ["toys"]


def test_after_flushall_every_queued_job_is_done_and_no_lease_doubles(toys: Toys, redis: redis_client.Redis) -> None:
    toys.scheduler()
    worker = toys.worker()
    (running,) = toys.queue(steps=30, step_s=0.1)
    eventually(lambda: toys[running].get("done", 0) >= 3, within_s=40)
    queued = toys.queue(20)
    eventually(lambda: redis.llen("deploys") == 20, within_s=5)

    redis.flushall()

    eventually(lambda: toys.with_status("completed") == 21, within_s=40)
    assert [call[0] for call in toys.calls(running)] == list(range(30)), "its owner went on, nobody else took it"
    assert all(len(toys.calls(job_id)) == 1 for job_id in queued)
    assert worker.poll() is None
    fences: list[Any] = [lease["fence"] for lease in toys.db["leases"].find()]
    assert set(fences) == {1}, "each lease was claimed once"
