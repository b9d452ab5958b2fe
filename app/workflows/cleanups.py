"""Removing from the cluster what no graph has any more: after a save, an archiving, a deletion, a move.

A workflow says itself that it wants cleaning (`cleanup_wanted`, set in the write that makes it so); the job carries no
list and no reason: it looks at the workflow as it is when a worker has its lease. Called by `service.py`, the worker
and the scheduler.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from bson import ObjectId
from pymongo import IndexModel
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.clock import Clock
from app.errors import LeaseLostError, NotFoundError, UnavailableError
from app.jobs.doorbell import Doorbell
from app.jobs.job import Job
from app.jobs.store import JobStore, Outcome, Raw, job_indexes, new_job
from app.kube.errors import KubeError
from app.kube.objects import KubeObject
from app.manifests.labels import NODE, node_label
from app.storage.mongo import Indexes
from app.workflows.cleaner import Cleaner, surplus
from app.workflows.inventory import InventoryStore, Noted, ObjectKey
from app.workflows.models import RawWorkflow
from app.workflows.run_end import freeze_shown
from app.workflows.run_store import RunStore, workflow_lease
from app.workflows.state_store import StateStore
from app.workflows.store import WorkflowStore
from app.workflows.stream_events import WorkflowEvents

log = structlog.get_logger(__name__)

TASK: Final = "deploys.clean"
COLLECTION: Final = "workflow_cleanups"
KEPT_S: Final = 7 * 24 * 3600
POLL_S: Final = 0.1

INDEXES: Final[Indexes] = {
    COLLECTION: [
        *job_indexes(),
        IndexModel([("active_for", 1)], name="active_for", unique=True, sparse=True),
        IndexModel([("completed_at", 1)], name="kept", expireAfterSeconds=KEPT_S),
    ]
}


class CleanupStore:
    """All queries on `workflow_cleanups`, but for those of any job's life."""

    def __init__(self, db: Database[dict[str, Any]], clock: Clock) -> None:
        self._cleanups, self._clock = db[COLLECTION], clock

    def ensure(self, workflow_id: ObjectId, user_id: ObjectId) -> Mapping[str, Any]:
        """The job that is queued or going on, made if there is none."""
        while True:
            found = self._cleanups.find_one({"active_for": workflow_id})
            if found is not None:
                return found
            job = {
                "_id": ObjectId(),
                "workflow_id": workflow_id,
                "active_for": workflow_id,
                **new_job(lease=workflow_lease(workflow_id), user_id=user_id, now=self._clock.now()),
            }
            try:
                self._cleanups.insert_one(job)
            except DuplicateKeyError:
                continue  # somebody else was quicker: take theirs
            return job

    def find(self, job_id: ObjectId) -> Mapping[str, Any] | None:
        return self._cleanups.find_one({"_id": job_id})


@dataclass(frozen=True, slots=True)
class Cleanups:
    """Makes sure that a workflow is cleaned."""

    store: CleanupStore
    workflows: WorkflowStore
    ring: Doorbell
    clock: Clock

    def ensure(self, workflow: RawWorkflow, *, wait_s: float = 0) -> str | None:
        """Queue it if it isn't yet.

        Args:
            wait_s: how long to wait for its end.

        Returns:
            A warning for the person when it isn't done by then, or left something behind.
        """
        job = self.store.ensure(workflow["_id"], workflow["owner_id"])
        self.ring(TASK, str(job["_id"]))
        until = self.clock.monotonic() + wait_s
        while wait_s and self.clock.monotonic() < until:
            self.clock.sleep(POLL_S)
            now = self.store.find(job["_id"])
            if now is not None and now["status"] in ("completed", "failed", "cancelled"):
                left = now.get("left") or []
                return f"Not removed from the cluster yet: {', '.join(left[:5])}" if left else now.get("error")
        return "Its objects are still being removed from the cluster" if wait_s else None

    def ensure_wanted(self) -> int:
        """For workflows whose cleaning nobody queued: the process died in between. How many."""
        wanting = self.workflows.wanting_cleanup()
        for workflow in wanting:
            self.store.ensure(workflow["_id"], workflow["owner_id"])
        return len(wanting)


@dataclass(frozen=True, slots=True)
class CleanupJobs:
    """The kind of job that a cleanup is."""

    store: JobStore
    workflows: WorkflowStore
    inventory: InventoryStore
    states: StateStore
    runs: RunStore
    cleaner: Cleaner
    events: WorkflowEvents

    name: str = TASK

    def run(self, job: Job) -> Outcome:
        """Raises what `JobKind.run` says."""
        workflow = self.workflows.find(job.raw["workflow_id"])
        if workflow is None:
            return Outcome("completed")
        workflow_id = str(workflow["_id"])
        noted = self.inventory.read(workflow["_id"])
        found = self._found(workflow, noted)
        nodes = {node_label(node["id"]) for node in workflow["nodes"]}
        all_go = is_over(workflow)

        def keep(key: ObjectKey, obj: KubeObject | None) -> bool:
            del key
            return not all_go and (obj is None or (obj["metadata"].get("labels") or {}).get(NODE) in nodes)

        removal = self.cleaner.remove_noted(job, workflow_id, surplus(noted.values(), found, keep))
        kept = [entry for key, entry in noted.items() if keep(key, found.get(key))]
        if not self.inventory.write(workflow["_id"], [*kept, *removal.left], fence=job.fence):
            raise LeaseLostError(job.lease.id)
        if all_go and not removal.left:
            self._show_end(job, workflow)
        if not removal.left and self.workflows.cleaned(workflow) and workflow.get("deleted_at"):
            self.states.delete(workflow["_id"])
            self.inventory.delete(workflow["_id"])
        fields = {"log": removal.log, "left": [str(entry.key) for entry in removal.left]}
        return Outcome("completed", fields=fields)

    def ended(self, raw: Raw, outcome: Outcome) -> None:
        """Nothing: what still wants cleaning is found by the scheduler, so a cluster that is away costs no loop."""

    def _found(self, workflow: RawWorkflow, noted: Mapping[ObjectKey, Noted]) -> dict[ObjectKey, KubeObject]:
        found: dict[ObjectKey, KubeObject] = {}
        for cluster_id in {key.cluster_id for key in noted}:
            namespaces = [key.namespace for key in noted if key.cluster_id == cluster_id and key.namespace]
            try:
                found |= self.cleaner.find(cluster_id, str(workflow["_id"]), namespaces)
            except NotFoundError:
                continue  # removed from KubeOrch: nothing inside it is touched any more
            except KubeError as error:
                raise UnavailableError(f"The cluster can't be read: {error.message}") from error
        return found

    def _show_end(self, job: Job, workflow: RawWorkflow) -> None:
        reason = "deleted" if workflow.get("deleted_at") else "archived"
        freeze_shown(self.runs, self.states.find(workflow["_id"]))
        written = self.states.clear(workflow["_id"], fence=job.fence, run={"status": reason})
        if written is not None:
            self.events.written(workflow["_id"], written)


def is_over(workflow: RawWorkflow) -> bool:
    """Deleted or archived: nothing of it stays in a cluster."""
    return bool(workflow.get("deleted_at")) or workflow["status"] == "archived"
