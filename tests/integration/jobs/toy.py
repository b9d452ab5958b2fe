"""A job kind for tests of one process: its work is a function, what ended is a list."""

from collections.abc import Callable
from typing import Any

from bson import ObjectId
from pymongo.database import Database

from app.clock import Clock
from app.jobs.claimed import Jobs, never
from app.jobs.job import Job
from app.jobs.leases import INDEXES, Leases
from app.jobs.store import JobStore, Outcome, Raw, job_indexes, new_job
from app.storage.mongo import ensure_indexes

USER = ObjectId("0" * 24)
DONE = Outcome("completed")


def nothing_to_do(job: Job) -> Outcome:
    return DONE


class ToyKind:
    """Jobs that call `work`; `rings` holds what a doorbell was asked to ring."""

    name = "deploys.toy"

    def __init__(self, db: Database[dict[str, Any]], clock: Clock, collection: str = "toys") -> None:
        ensure_indexes(db, INDEXES, {collection: job_indexes()})
        self.documents, self.clock = db[collection], clock
        self.store = JobStore(db, collection, clock, drop_at_end=("secret",))
        self.leases = Leases(db)
        self.work: Callable[[Job], Outcome] = nothing_to_do
        self.ends: list[tuple[ObjectId, Outcome]] = []
        self.rings: list[tuple[str, str]] = []

    def run(self, job: Job) -> Outcome:
        return self.work(job)

    def ended(self, raw: Raw, outcome: Outcome) -> None:
        self.ends.append((raw["_id"], outcome))

    def a_queued_job(self, *, lease: str = "toy:1", user: ObjectId = USER, **fields: Any) -> ObjectId:
        job = new_job(lease=lease, user_id=user, now=self.clock.now()) | fields
        inserted: ObjectId = self.documents.insert_one(job).inserted_id
        return inserted

    def status(self, job_id: ObjectId) -> str:
        return str(self[job_id]["status"])

    def __getitem__(self, job_id: ObjectId) -> dict[str, Any]:
        raw = self.documents.find_one({"_id": job_id})
        assert raw is not None
        return raw

    def worker(self, *others: "ToyKind", owner: str = "worker", stopping: Callable[[], bool] = never) -> Jobs:
        """A process that works on this kind and the others."""
        return Jobs(
            leases=self.leases,
            kinds=(self, *others),
            ring=lambda task, job_id: self.rings.append((task, job_id)),
            clock=self.clock,
            owner=owner,
            stopping=stopping,
        )
