"""The writes of a job's life, over any collection. A job is a document; a domain's store composes this one.

Fields: `status`, `lease`, `user_id`, `fence`, `attempts`, `mark` (raised with each progress), `claim_mark` (its value
at the last claim), `cancel_requested`, `queued_at`, and when they have a value `deadline_at`, `started_at`,
`completed_at`, `error`. Touches only the collection it was given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from bson import ObjectId
from pymongo import IndexModel
from pymongo.database import Database

from app.clock import Clock
from app.jobs.leases import Lease

Raw = Mapping[str, Any]
JobStatus = Literal["queued", "running", "completed", "failed", "cancelled"]
EndStatus = Literal["completed", "failed", "cancelled"]

UNFINISHED: Final = ("queued", "running")
# Enough to choose from: a queue is read from its oldest on.
READ_AT_MOST: Final = 1000
ABOUT_A_JOB: Final = ("status", "lease", "user_id", "fence", "queued_at", "deadline_at", "cancel_requested")
ABOUT_ITS_CLAIMS: Final = (*ABOUT_A_JOB, "attempts", "mark", "claim_mark", "started_at")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended.

    Args:
        error: for a person, when it failed: what is wrong and what to do.
        fields: what else the ending write sets, such as results.
    """

    status: EndStatus
    error: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flags:
    """What an owner looks at with each renewal."""

    fence: int
    cancel_requested: bool
    ended: bool


def new_job(*, lease: str, user_id: ObjectId, now: datetime, deadline_at: datetime | None = None) -> dict[str, Any]:
    """The fields of a job that waits, to be merged into the document that a domain inserts."""
    job = {
        "status": "queued",
        "lease": lease,
        "user_id": user_id,
        "fence": 0,
        "attempts": 0,
        "mark": 0,
        "claim_mark": 0,
        "cancel_requested": False,
        "queued_at": now,
    }
    return job | ({"deadline_at": deadline_at} if deadline_at else {})


def job_indexes() -> list[IndexModel]:
    """What the queries here and in `waiting.py` need; a domain adds its own."""
    return [IndexModel([("status", 1), ("queued_at", 1)]), IndexModel([("lease", 1), ("status", 1)])]


class JobStore:
    """All writes that make a job's life, with the fence in every filter of an owner.

    Args:
        drop_at_end: fields that the ending write removes, whoever makes it (secrets, a unique "active" mark).
    """

    def __init__(
        self, db: Database[dict[str, Any]], collection: str, clock: Clock, *, drop_at_end: Sequence[str] = ()
    ) -> None:
        self._jobs, self._clock, self._drop_at_end = db[collection], clock, tuple(drop_at_end)

    # --- the owner's writes ---

    def take(self, job_id: ObjectId, lease: Lease) -> Raw | None:
        """Put a job under this lease; `None` if it has ended or a newer owner has it.

        Found `running`, its owner has died (we hold the lease): that is an attempt, unless there was progress since
        the last claim, which sets the count back. The caller judges the count.
        """
        raw = self._jobs.find_one({"_id": job_id, "status": {"$in": UNFINISHED}}, ABOUT_ITS_CLAIMS)
        if raw is None or raw["lease"] != lease.id or raw["fence"] >= lease.fence:
            return None
        mine = {
            "status": "running",
            "fence": lease.fence,
            "claim_mark": raw["mark"],
            "attempts": attempts_after(raw),
        }
        if raw.get("started_at") is None:
            mine["started_at"] = self._clock.now()
        unchanged = {"_id": job_id, "status": raw["status"], "fence": raw["fence"]}
        taken = self._jobs.update_one(unchanged, {"$set": mine}).modified_count
        return self._jobs.find_one({"_id": job_id, "fence": lease.fence}) if taken else None

    def record(self, job_id: ObjectId, fence: int, update: Mapping[str, Mapping[str, Any]]) -> bool:
        """Write progress: an update document, to which the raised mark is added. False: the job isn't ours any more."""
        marked = dict(update) | {"$inc": {**update.get("$inc", {}), "mark": 1}}
        return self._jobs.update_one(_owned(job_id, fence), marked).matched_count == 1

    def end(self, job_id: ObjectId, fence: int, outcome: Outcome) -> bool:
        """The one write that ends it. False: it wasn't ours any more, and nothing has changed."""
        return self._end(_owned(job_id, fence), outcome)

    def hand_back(self, job_id: ObjectId, fence: int, *, attempts: int = 0) -> bool:
        """Let it wait for another owner: without an attempt, unless it is the job that made its owner give up."""
        update = {"$set": {"status": "queued"}, "$inc": {"attempts": attempts}}
        return self._jobs.update_one(_owned(job_id, fence), update).modified_count == 1

    def flags(self, job_id: ObjectId) -> Flags | None:
        raw = self._jobs.find_one({"_id": job_id}, {"fence": 1, "cancel_requested": 1, "status": 1})
        if raw is None:
            return None
        return Flags(raw["fence"], raw["cancel_requested"], ended=raw["status"] not in UNFINISHED)

    # --- anybody's writes: they only touch what has no owner, or set a flag ---

    def request_cancel(self, where: Raw) -> ObjectId | None:
        """Ask for the end of one unfinished job that matches `where` (which names its owner).

        Returns:
            Its id; `None` when no unfinished job matches. Its owner ends it within seconds; without an owner
            `end_queued` does.
        """
        raw = self._jobs.find_one({**where, "status": {"$in": UNFINISHED}}, {"_id": 1})
        if raw is None:
            return None
        unfinished = {"_id": raw["_id"], "status": {"$in": UNFINISHED}}
        asked = self._jobs.update_one(unfinished, {"$set": {"cancel_requested": True}}).matched_count
        return raw["_id"] if asked else None

    def end_queued(self, job_id: ObjectId, outcome: Outcome) -> bool:
        """End one that waits: no owner is there to do it. False: it doesn't wait (any more)."""
        return self._end({"_id": job_id, "status": "queued"}, outcome)

    # --- reading ---

    def find(self, job_id: ObjectId) -> Raw | None:
        return self._jobs.find_one({"_id": job_id})

    def takeable(self, job_id: ObjectId) -> Raw | None:
        """What claiming needs to know, unless it has ended."""
        return self._jobs.find_one({"_id": job_id, "status": {"$in": UNFINISHED}}, ABOUT_A_JOB)

    def queued(self) -> list[Raw]:
        """Those that wait, oldest first; only what choosing needs."""
        return self._with_status("queued")

    def running(self) -> list[Raw]:
        """Those that an owner has, or had when it died."""
        return self._with_status("running")

    def of_lease(self, lease_id: str) -> list[Raw]:
        """The unfinished ones under a lease, oldest first."""
        found = self._jobs.find({"lease": lease_id, "status": {"$in": UNFINISHED}}, ABOUT_A_JOB)
        return sorted(found, key=lambda raw: raw["queued_at"])

    def _with_status(self, status: JobStatus) -> list[Raw]:
        return list(self._jobs.find({"status": status}, ABOUT_A_JOB).sort("queued_at", 1).limit(READ_AT_MOST))

    def _end(self, where: Raw, outcome: Outcome) -> bool:
        ended = {**outcome.fields, "status": outcome.status, "completed_at": self._clock.now()}
        if outcome.error is not None:
            ended["error"] = outcome.error
        update: dict[str, Any] = {"$set": ended}
        if self._drop_at_end:
            update["$unset"] = dict.fromkeys(self._drop_at_end, "")
        return self._jobs.update_one(where, update).modified_count == 1


def attempts_after(raw: Raw) -> int:
    """The count at a claim. Found `running`, the owner has died: one more without progress, else none. Pure."""
    if raw["status"] != "running":
        return int(raw["attempts"])
    return raw["attempts"] + 1 if raw["mark"] <= raw["claim_mark"] else 0


def _owned(job_id: ObjectId, fence: int) -> dict[str, Any]:
    return {"_id": job_id, "fence": fence, "status": "running"}
