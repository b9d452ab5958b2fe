"""A job's life in one process, on the real store."""

from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database
from pymongo.errors import AutoReconnect

from app.errors import InvalidError, LeaseLostError, StoppingError
from app.jobs.job import Job
from app.jobs.store import Outcome
from tests.fake_clock import FakeClock
from tests.integration.jobs.toy import DONE, ToyKind


def dies(toys: ToyKind, job_id: ObjectId, *, progress: bool = False) -> Job:
    """An owner takes the job and is gone; an observer frees its lease."""
    raw = toys[job_id]
    lease = toys.leases.claim(raw["lease"], "killed", above=raw["fence"])
    assert lease is not None
    taken = toys.store.take(job_id, lease)
    assert taken is not None
    if progress:
        assert toys.store.record(job_id, lease.fence, {"$set": {"done": 1}})
    assert toys.leases.free(lease.id, fence=lease.fence, beat=0)
    return Job(
        taken,
        lease,
        store=toys.store,
        leases=toys.leases,
        clock=toys.clock,
        stopping=lambda: False,
        claimed_at=toys.clock.monotonic(),
    )


def test_a_job_is_worked_off_once_and_its_lease_is_free_again(toys: ToyKind) -> None:
    job_id = toys.a_queued_job(secret="s")

    assert toys.worker().work_off(toys, str(job_id)) == 1
    assert toys.worker().work_off(toys, str(job_id)) == 0

    assert toys.ends == [(job_id, DONE)]
    assert toys[job_id]["completed_at"] == toys.clock.now()
    assert "secret" not in toys[job_id]
    assert toys.leases.held() == []


def test_a_task_for_a_job_that_can_t_be_had_takes_the_next_one(toys: ToyKind) -> None:
    busy, free = toys.a_queued_job(lease="toy:busy"), toys.a_queued_job(lease="toy:free")
    toys.leases.claim("toy:busy", "somebody")

    assert toys.worker().work_off(toys, str(busy)) == 1

    assert (toys.status(busy), toys.status(free)) == ("queued", "completed")


@pytest.mark.parametrize("message", ["", "nonsense", "{}", "65f1a2b3c4d5e6f708192a3b"])
def test_any_message_means_look_for_work(toys: ToyKind, message: str) -> None:
    job_id = toys.a_queued_job()

    assert toys.worker().work_off(toys, message) == 1

    assert toys.status(job_id) == "completed"


def test_what_waited_for_the_same_lease_is_done_by_the_same_task(
    db: Database[dict[str, Any]], clock: FakeClock
) -> None:
    runs, cleanups = ToyKind(db, clock, "runs"), ToyKind(db, clock, "cleanups")
    run = runs.a_queued_job(lease="workflow:1")
    elsewhere = cleanups.a_queued_job(lease="workflow:2")
    cleanup_ids = []

    def a_save_comes_meanwhile(job: Job) -> Outcome:
        cleanup_ids.append(cleanups.a_queued_job(lease="workflow:1"))
        assert cleanups.worker().waiting(cleanups)[0].id == elsewhere
        return DONE

    runs.work = a_save_comes_meanwhile
    runs.worker(cleanups).work_off(runs, str(run))

    assert [cleanups.status(job_id) for job_id in cleanup_ids] == ["completed"]
    assert cleanups.status(elsewhere) == "queued"


def test_a_killed_owner_s_job_goes_on_with_a_higher_fence(toys: ToyKind) -> None:
    job_id = toys.a_queued_job()
    dead = dies(toys, job_id)

    def work(job: Job) -> Outcome:
        assert job.fence > dead.fence
        with pytest.raises(LeaseLostError):
            dead.progress({"$set": {"by": "dead"}})
        job.progress({"$set": {"by": "heir"}})
        return DONE

    toys.work = work
    toys.worker().work_off(toys, "")

    assert (toys[job_id]["status"], toys[job_id]["by"]) == ("completed", "heir")
    assert not toys.store.end(job_id, dead.fence, Outcome("failed")), "what a dead owner still sends must not count"


def test_three_deaths_without_progress_end_the_job(toys: ToyKind) -> None:
    job_id = toys.a_queued_job()
    for _ in range(3):
        dies(toys, job_id)

    toys.worker().work_off(toys, str(job_id))

    assert toys.status(job_id) == "failed"
    assert "Given up after 3 attempts" in toys[job_id]["error"]


def test_deaths_with_progress_don_t_count(toys: ToyKind) -> None:
    job_id = toys.a_queued_job()
    for _ in range(3):
        dies(toys, job_id)
        dies(toys, job_id, progress=True)

    toys.worker().work_off(toys, str(job_id))

    assert toys.status(job_id) == "completed"


def test_an_internal_error_is_an_attempt_even_after_progress(toys: ToyKind) -> None:
    job_id = toys.a_queued_job()
    tries = []

    def breaks(job: Job) -> Outcome:
        tries.append(job.fence)
        job.progress({"$set": {"started": True}})
        raise KeyError("a bug")

    toys.work = breaks
    for _ in range(5):
        toys.worker().work_off(toys, str(job_id))

    assert len(tries) == 3
    assert toys.status(job_id) == "failed"
    assert "a bug" not in toys[job_id]["error"]


def test_an_error_for_a_person_fails_the_job_with_its_words(toys: ToyKind) -> None:
    def refuses(job: Job) -> Outcome:
        raise InvalidError("The cluster is gone: add it again.")

    job_id = toys.a_queued_job()
    toys.work = refuses
    toys.worker().work_off(toys, str(job_id))

    assert (toys.status(job_id), toys[job_id]["error"]) == ("failed", "The cluster is gone: add it again.")
    assert [outcome.status for _, outcome in toys.ends] == ["failed"]


def test_a_store_that_was_away_is_no_attempt(toys: ToyKind) -> None:
    def interrupted(job: Job) -> Outcome:
        raise AutoReconnect("the store was away")

    job_id = toys.a_queued_job()
    toys.work = interrupted
    for _ in range(4):
        toys.worker().work_off(toys, str(job_id))

    assert (toys.status(job_id), toys[job_id]["attempts"]) == ("queued", 0)
    assert toys.rings == [(toys.name, str(job_id))] * 4


def test_a_queued_job_is_cancelled_at_once(toys: ToyKind) -> None:
    job_id = toys.a_queued_job(secret="s")

    assert toys.worker().cancel(toys, {"_id": job_id, "user_id": toys[job_id]["user_id"]}) == job_id

    assert toys.status(job_id) == "cancelled"
    assert "secret" not in toys[job_id]
    assert [outcome.status for _, outcome in toys.ends] == ["cancelled"]
    assert toys.worker().cancel(toys, {"_id": job_id}) is None


def test_a_running_job_is_cancelled_at_its_next_renewal(toys: ToyKind) -> None:
    job_id = toys.a_queued_job()

    def work(job: Job) -> Outcome:
        job.check()
        assert toys.worker().cancel(toys, {"_id": job_id}) == job_id
        assert job.renew()
        job.check()
        raise AssertionError("the check must have stopped it")

    toys.work = work
    toys.worker().work_off(toys, str(job_id))

    assert toys.status(job_id) == "cancelled"


def test_somebody_else_s_job_can_t_be_cancelled(toys: ToyKind) -> None:
    job_id = toys.a_queued_job()

    assert toys.worker().cancel(toys, {"_id": job_id, "user_id": ObjectId()}) is None

    assert toys.status(job_id) == "queued"


def test_a_cancel_that_nobody_heard_ends_the_job_when_it_is_taken(toys: ToyKind) -> None:
    job_id = toys.a_queued_job()
    dies(toys, job_id)
    assert toys.worker().cancel(toys, {"_id": job_id}) == job_id
    assert toys.status(job_id) == "running", "whether its owner is dead, only the lease tells"

    toys.work = lambda job: pytest.fail("it must not be run")
    toys.worker().work_off(toys, str(job_id))

    assert toys.status(job_id) == "cancelled"


def test_a_process_told_to_stop_hands_its_job_back_without_an_attempt(toys: ToyKind) -> None:
    job_id = toys.a_queued_job()
    told: list[bool] = []

    def work(job: Job) -> Outcome:
        told.append(True)
        job.progress({"$set": {"done": 1}})
        job.check()
        raise AssertionError("the check must have stopped it")

    toys.work = work
    toys.worker(stopping=lambda: bool(told)).work_off(toys, str(job_id))

    assert (toys.status(job_id), toys[job_id]["attempts"], toys[job_id]["done"]) == ("queued", 0, 1)
    assert toys.rings == [(toys.name, str(job_id))]
    assert toys.leases.held() == []


def test_a_deadline_fails_the_job_without_a_retry(toys: ToyKind, clock: FakeClock) -> None:
    job_id = toys.a_queued_job(deadline_at=clock.now() + timedelta(seconds=60))

    def work(job: Job) -> Outcome:
        clock.jump_wall_time(3600)
        job.check()
        for _ in range(60):
            clock.advance(1)
            job.renew()
        job.check()
        raise AssertionError("the check must have stopped it")

    toys.work = work
    toys.worker().work_off(toys, str(job_id))

    assert toys.status(job_id) == "failed"
    assert "time limit" in toys[job_id]["error"]


def test_what_waits_past_its_deadline_is_ended(toys: ToyKind, clock: FakeClock) -> None:
    late = toys.a_queued_job(deadline_at=clock.now() + timedelta(seconds=60))
    endless = toys.a_queued_job()
    clock.advance(61)

    toys.worker().end_overdue(toys)

    assert (toys.status(late), toys.status(endless)) == ("failed", "queued")
    assert [job_id for job_id, _ in toys.ends] == [late]


def test_an_owner_that_could_not_renew_lets_nothing_out_until_it_has(toys: ToyKind, clock: FakeClock) -> None:
    job_id = toys.a_queued_job()
    calls: list[str] = []

    def work(job: Job) -> Outcome:
        clock.advance(11)
        before = toys.leases.held()[0].beat
        job.check()
        calls.append("renewed" if toys.leases.held()[0].beat > before else "not renewed")
        return DONE

    toys.work = work
    toys.worker().work_off(toys, str(job_id))

    assert calls == ["renewed"]


def test_an_owner_that_woke_too_late_lets_nothing_out(toys: ToyKind, clock: FakeClock) -> None:
    job_id = toys.a_queued_job()

    def work(job: Job) -> Outcome:
        held = toys.leases.held()[0]
        assert toys.leases.free(held.id, fence=held.fence, beat=held.beat)
        clock.advance(11)
        with pytest.raises(LeaseLostError):
            job.check()
        job.check()
        raise AssertionError("the check must have stopped it")

    toys.work = work
    toys.worker().work_off(toys, str(job_id))

    assert toys.status(job_id) == "running", "its heir will see to it"
    assert toys.worker().waiting(toys)[0].orphan


def test_stopping_is_noticed_before_anything_is_done(toys: ToyKind) -> None:
    job_id = toys.a_queued_job()

    toys.worker(stopping=lambda: True).work_off(toys, str(job_id))

    assert toys.status(job_id) == "queued"
    assert issubclass(StoppingError, Exception)
