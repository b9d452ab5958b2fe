"""The product's worker and scheduler with a kind of job of the tests' own, for tests that kill processes.

`celery -A tests.toy_app:celery worker`, `python -m tests.toy_app` (a scheduler). A toy job does `steps` steps of
`step_s` each; a step checks, then writes to `toy_calls` what an outward call would be, then records its progress.
"""

import sys
from typing import Any

from bson import ObjectId
from pymongo.database import Database

from app.bootstrap import Services
from app.jobs.job import Job
from app.jobs.store import JobStore, Outcome, Raw, job_indexes, new_job
from app.storage.mongo import ensure_indexes
from workers.celery import celery, services
from workers.process import start, stop_on_signals
from workers.scheduler import Scheduler

__all__ = ["celery"]

NAME = "deploys.toy"


class ToyKind:
    """Jobs of counted steps in the collection `toys`."""

    name = NAME

    def __init__(self, db: Database[dict[str, Any]], clock: Any) -> None:
        ensure_indexes(db, {"toys": job_indexes()})
        self.calls, self.clock = db["toy_calls"], clock
        self.store = JobStore(db, "toys", clock)

    def run(self, job: Job) -> Outcome:
        for step in range(job.raw.get("done", 0), job.raw["steps"]):
            job.check()
            self.calls.insert_one({"job": job.id, "step": step, "fence": job.fence, "lease": job.lease.id})
            self.clock.sleep(job.raw["step_s"])
            job.progress({"$set": {"done": step + 1, "done_by": job.fence}})
        return Outcome("completed")

    def ended(self, raw: Raw, outcome: Outcome) -> None:
        """Nobody waits for it."""


def queue_toys(db: Database[dict[str, Any]], now: Any, count: int = 1, *, steps: int, step_s: float) -> list[ObjectId]:
    """Jobs in the store; nobody has rung."""
    ids = [ObjectId() for _ in range(count)]
    user_id = ObjectId("0" * 24)
    db["toys"].insert_many(
        {"_id": job_id, "steps": steps, "step_s": step_s} | new_job(lease=f"toy:{job_id}", user_id=user_id, now=now)
        for job_id in ids
    )
    return ids


def with_toys(services: Services) -> ToyKind:
    """Services whose jobs are toys and nothing else."""
    if "job_kinds" not in vars(services):
        services.job_kinds = [ToyKind(services.db, services.clock)]
    kind = services.job_kinds[0]
    assert isinstance(kind, ToyKind)
    return kind


@celery.task(name=NAME)
def toy(job_id: str) -> None:
    kind = with_toys(services())
    services().jobs.work_off(kind, job_id)


def main() -> int:
    stop = stop_on_signals()
    scheduling = start("scheduler", stopping=stop.is_set)
    with_toys(scheduling)
    Scheduler(scheduling, stop, still_s=scheduling.settings.lease_seconds).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
