"""Fault 3: kill -9 of workers. One in mid-job: it goes on elsewhere. All of them: whoever starts next finishes."""

import time
from collections import Counter

from launcher.processes import kill_group
from tests.toy_processes import Toys, toys
from tests.waiting import eventually

__all__ = ["toys"]

JOBS = 100


def test_a_killed_worker_s_job_goes_on_elsewhere_within_15_s(toys: Toys) -> None:
    toys.scheduler()
    first = toys.worker()
    (job_id,) = toys.queue(steps=60, step_s=0.2)
    eventually(lambda: toys[job_id].get("done", 0) >= 3, within_s=40)
    toys.worker()
    toys.ready()
    old_fence = toys[job_id]["fence"]
    done = toys[job_id]["done"]

    kill_group(first.pid)
    killed_at = time.monotonic()
    eventually(lambda: toys[job_id]["fence"] > old_fence, within_s=15)
    taken_after_s = time.monotonic() - killed_at

    assert taken_after_s <= 15
    eventually(lambda: toys[job_id]["status"] == "completed", within_s=30)
    heirs = [step for step, fence in toys.calls(job_id) if fence > old_fence]
    assert heirs[0] >= done, "what had been recorded isn't done again"
    assert toys[job_id]["attempts"] == 0, "there was progress since the last claim"


def test_a_job_whose_child_alone_was_killed_goes_on(toys: Toys) -> None:
    toys.scheduler()
    worker = toys.worker()
    (job_id,) = toys.queue(steps=20, step_s=0.1)
    eventually(lambda: toys[job_id].get("done", 0) >= 3, within_s=40)

    for child in toys.children(worker):
        toys.kill(child)

    eventually(lambda: toys[job_id]["status"] == "completed", within_s=20)
    assert toys[job_id]["attempts"] == 0


def test_100_queued_jobs_outlive_all_workers_and_none_is_done_twice(toys: Toys) -> None:
    toys.scheduler()
    killed = [toys.worker(children=2), toys.worker(children=2)]
    toys.ready()
    ids = toys.queue(JOBS, steps=2, step_s=0.05)
    eventually(lambda: toys.with_status("completed") >= 5, within_s=20)

    for worker in killed:
        kill_group(worker.pid)
    assert 0 < toys.with_status("completed") < JOBS
    toys.worker(children=2)

    eventually(lambda: toys.with_status("completed") == JOBS, within_s=60, every_s=0.2)
    steps = Counter((job_id, step) for job_id in ids for step, _ in toys.calls(job_id))
    again = [key for key, times in steps.items() if times > 1]
    assert len(again) <= 4, "only the step that a killed child was in the middle of is done again"
    assert len(steps) == 2 * JOBS


def test_a_worker_told_to_stop_hands_its_job_over_at_once(toys: Toys) -> None:
    toys.scheduler()
    leaving = toys.worker()
    (job_id,) = toys.queue(steps=60, step_s=0.2)
    eventually(lambda: toys[job_id].get("done", 0) >= 3, within_s=40)
    toys.worker()
    toys.ready()
    old_fence = toys[job_id]["fence"]

    leaving.terminate()
    told_at = time.monotonic()
    eventually(lambda: toys[job_id]["fence"] > old_fence, within_s=10)

    assert time.monotonic() - told_at < 3, "nobody has to wait until its lease is freed"
    assert leaving.wait(timeout=10) == 0
    eventually(lambda: toys[job_id]["status"] == "completed", within_s=30)
    assert toys[job_id]["attempts"] == 0
    # Sorted: ids of two processes within one second have no order.
    assert sorted(step for step, _ in toys.calls(job_id)) == list(range(60)), "no step was done twice"
