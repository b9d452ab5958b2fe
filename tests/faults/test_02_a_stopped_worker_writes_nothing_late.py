"""Fault 2: SIGSTOP of the worker for longer than its lease, then SIGCONT: the old owner writes nothing any more."""

import os
import signal

from tests.toy_processes import Toys, toys
from tests.waiting import eventually

__all__ = ["toys"]

STEPS = 40


def test_a_stopped_owner_is_replaced_and_writes_nothing_when_it_wakes(toys: Toys) -> None:
    toys.scheduler()
    sleeper = toys.worker()
    (job_id,) = toys.queue(steps=STEPS, step_s=0.2)
    eventually(lambda: toys[job_id].get("done", 0) >= 3, within_s=40)

    os.killpg(sleeper.pid, signal.SIGSTOP)
    old_fence = toys[job_id]["fence"]
    toys.worker()
    toys.ready()
    eventually(lambda: toys[job_id]["fence"] > old_fence, within_s=15)
    before = [call for call in toys.calls(job_id) if call[1] == old_fence]
    os.killpg(sleeper.pid, signal.SIGCONT)

    eventually(lambda: "job_lost" in toys.log(sleeper), within_s=10)
    eventually(lambda: toys[job_id]["status"] == "completed", within_s=40)
    late = [call for call in toys.calls(job_id) if call[1] == old_fence]
    assert late[: len(before)] == before
    # One call may have been under way: checked, not yet sent, when it was stopped.
    assert len(late) <= len(before) + 1, "the old owner has called out after its lease was taken"
    assert toys[job_id]["done_by"] == toys[job_id]["fence"]
    assert {step for step, _ in toys.calls(job_id)} == set(range(STEPS))
