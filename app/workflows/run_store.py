"""All queries on `workflow_runs`, but for those of any job's life: `app/jobs/store.py` claims, records and ends."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from bson import ObjectId
from pymongo import DESCENDING, IndexModel
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.clock import Clock
from app.errors import ConflictError, NotFoundError
from app.jobs.store import job_indexes, new_job
from app.storage.mongo import Indexes
from app.workflows.models import UNFINISHED, Run

COLLECTION: Final = "workflow_runs"

INDEXES: Final[Indexes] = {
    COLLECTION: [
        *job_indexes(),
        IndexModel([("workflow_id", 1), ("started_at", DESCENDING)], name="workflow_newest"),
        # The whole rule "one run of a workflow at a time" is this index.
        IndexModel([("active_for", 1)], name="active_for", unique=True, sparse=True),
        IndexModel([("unannounced", 1)], name="unannounced", sparse=True),
        IndexModel([("cluster_id", 1), ("status", 1)], name="cluster_status"),
    ]
}


def workflow_lease(workflow_id: ObjectId) -> str:
    """The lease under which anything acts on a workflow's objects in a cluster."""
    return f"workflow:{workflow_id}"


class RunStore:
    """All queries on `workflow_runs`."""

    def __init__(self, db: Database[dict[str, Any]], clock: Clock, *, timeout_s: float) -> None:
        self._runs, self._clock, self._timeout_s = db[COLLECTION], clock, timeout_s

    def insert(self, run_id: ObjectId, fields: Mapping[str, Any]) -> Run:
        """Queue a run: `fields` are workflow, user, cluster, graph and the sealed values.

        Raises:
            ConflictError: a run of this workflow is still going on.
        """
        now = self._clock.now()
        run = {
            "_id": run_id,
            **new_job(
                lease=workflow_lease(fields["workflow_id"]),
                user_id=fields["user_id"],
                now=now,
                deadline_at=now + timedelta(seconds=self._timeout_s),
            ),
            "active_for": fields["workflow_id"],
            "started_at": now,
            # Until everybody has been told that it has ended.
            "unannounced": True,
            "node_states": {},
            "output": {},
            "logs": [],
            "progress": {"done": 0, "total": len(fields["graph"]["nodes"])},
            **fields,
        }
        try:
            self._runs.insert_one(run)
        except DuplicateKeyError:
            raise ConflictError("A run of this workflow is still going on: wait for it or cancel it") from None
        return Run.of(run)

    def get(self, run_id: ObjectId, *, workflow_id: ObjectId) -> Run:
        """Raises NotFoundError."""
        found = self._runs.find_one({"_id": run_id, "workflow_id": workflow_id})
        if found is None:
            raise NotFoundError("Run not found")
        return Run.of(found)

    def find(self, run_id: ObjectId) -> Run | None:
        found = self._runs.find_one({"_id": run_id})
        return None if found is None else Run.of(found)

    def active(self, workflow_id: ObjectId) -> Run | None:
        """The run that is going on."""
        found = self._runs.find_one({"active_for": workflow_id})
        return None if found is None else Run.of(found)

    def list(self, workflow_id: ObjectId, limit: int) -> Sequence[Run]:
        """Newest first."""
        found = self._runs.find({"workflow_id": workflow_id}, {"graph": 0, "trigger_data": 0})
        return [Run.of(run) for run in found.sort([("started_at", DESCENDING), ("_id", DESCENDING)]).limit(limit)]

    def set_version(self, run_id: ObjectId, version: int) -> None:
        """Its snapshot is stored: the copy of the graph goes. Idempotent."""
        self._runs.update_one({"_id": run_id}, {"$set": {"version": version}, "$unset": {"graph": ""}})

    def announced(self, run_id: ObjectId) -> None:
        """Everybody who listens has been told that it ended."""
        self._runs.update_one({"_id": run_id}, {"$unset": {"unannounced": ""}})

    def unannounced(self) -> Sequence[Run]:
        """Ended runs that nobody announced: their worker died in between."""
        ended = {"unannounced": True, "status": {"$nin": list(UNFINISHED)}}
        return [Run.of(run) for run in self._runs.find(ended).limit(200)]

    def freeze(self, run_id: ObjectId, node_states: Mapping[str, Any]) -> None:
        """Keep the states that the workflow's newest run has now; keys are escaped node ids."""
        self._runs.update_one({"_id": run_id}, {"$set": {"node_states": dict(node_states)}})

    def set_healthy(self, run_id: ObjectId, at: datetime) -> bool:
        """All its nodes are healthy for the first time. False: they were before, or it didn't complete."""
        first = {"_id": run_id, "status": "completed", "healthy_at": None}
        return self._runs.update_one(first, {"$set": {"healthy_at": at}}).modified_count == 1

    def unversioned(self, before: datetime) -> Sequence[Run]:
        """Runs whose snapshot nobody has stored since `before`: their API process died in between."""
        left = {"active_for": {"$exists": True}, "version": None, "queued_at": {"$lt": before}}
        return [Run.of(run) for run in self._runs.find(left).limit(200)]

    def on_cluster(self, cluster_id: ObjectId) -> Sequence[Run]:
        """Unfinished runs there."""
        found = self._runs.find({"cluster_id": cluster_id, "status": {"$in": list(UNFINISHED)}})
        return [Run.of(run) for run in found]

    def trim(self, workflow_id: ObjectId, *, keep: int, older_than: datetime) -> int:
        """Remove ended runs beyond the newest `keep` and older than a time, never the newest; how many went."""
        newest = {"workflow_id": workflow_id}
        order = [("started_at", DESCENDING), ("_id", DESCENDING)]
        runs = list(self._runs.find(newest, {"status": 1, "started_at": 1}).sort(order))
        surplus = [
            run["_id"]
            for place, run in enumerate(runs)
            if place and run["status"] not in UNFINISHED and (place >= keep or run["started_at"] < older_than)
        ]
        return self._runs.delete_many({"_id": {"$in": surplus}}).deleted_count if surplus else 0
