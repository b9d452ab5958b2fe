"""All queries on `workflows`. Raw documents in and out: see `models.py` for why."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from bson import ObjectId
from pymongo import DESCENDING, IndexModel
from pymongo.database import Database

from app.clock import Clock
from app.errors import NotFoundError
from app.storage.mongo import Indexes
from app.workflows.models import RawWorkflow

INDEXES: Final[Indexes] = {
    "workflows": [
        IndexModel([("owner_id", 1), ("deleted_at", 1), ("updated_at", DESCENDING)], name="owner_newest"),
        IndexModel([("owner_id", 1), ("cluster_id", 1)], name="owner_cluster"),
        IndexModel([("cleanup_wanted", 1)], name="cleanup_wanted", sparse=True),
    ]
}

# A list shows how many nodes there are, not what is in them. Named one by one: leaving the data out instead takes the
# embedded store nearly three times as long.
LISTED: Final = (
    *("name", "description", "cluster_id", "status", "tags", "nodes.id", "nodes.type", "current_version", "owner_id"),
    *("team_id", "created_at", "updated_at", "last_run_at", "run_count", "success_count", "failure_count"),
)
NOT_FOUND: Final = "Workflow not found"


class WorkflowStore:
    """All queries on `workflows`. Every filter has the owner, but for those of workers and watchers."""

    def __init__(self, db: Database[dict[str, Any]], clock: Clock) -> None:
        self._workflows, self._clock = db["workflows"], clock

    def insert(self, owner_id: ObjectId, fields: Mapping[str, Any]) -> RawWorkflow:
        """A new draft; `fields` are name, description, cluster_id and perhaps a graph."""
        now = self._clock.now()
        workflow: dict[str, Any] = {
            "_id": ObjectId(),
            "name": "",
            "description": "",
            "cluster_id": "",
            "status": "draft",
            "tags": [],
            "nodes": [],
            "edges": [],
            "graph_rev": 0,
            "current_version": 0,
            "owner_id": owner_id,
            "team_id": "",
            "created_at": now,
            "updated_at": now,
            "run_count": 0,
            "success_count": 0,
            "failure_count": 0,
            # Highest versions whose start and end are in the counts: makes counting idempotent.
            "counted_start": 0,
            "counted_end": 0,
            "deleted_at": None,
            **fields,
        }
        self._workflows.insert_one(workflow)
        return workflow

    def get(self, workflow_id: ObjectId, *, owner_id: ObjectId) -> RawWorkflow:
        """Raises NotFoundError, also for somebody else's and a deleted one."""
        found = self._workflows.find_one({"_id": workflow_id, "owner_id": owner_id, "deleted_at": None})
        if found is None:
            raise NotFoundError(NOT_FOUND)
        return found

    def check_owner(self, workflow_id: ObjectId, *, owner_id: ObjectId) -> None:
        """Raises NotFoundError as `get` does, which reads the whole graph."""
        mine = {"_id": workflow_id, "owner_id": owner_id, "deleted_at": None}
        if self._workflows.find_one(mine, {"_id": 1}) is None:
            raise NotFoundError(NOT_FOUND)

    def current_version(self, workflow_id: ObjectId) -> int | None:
        """The highest number that is counted. `None`: there is no such workflow."""
        found = self._workflows.find_one({"_id": workflow_id}, {"current_version": 1})
        return None if found is None else int(found["current_version"])

    def find(self, workflow_id: ObjectId) -> RawWorkflow | None:
        """For workers and watchers: whoever owns it, deleted or not."""
        return self._workflows.find_one({"_id": workflow_id})

    def list(
        self, owner_id: ObjectId, *, status: str = "", text: str = "", skip: int = 0, limit: int = 0
    ) -> Sequence[RawWorkflow]:
        """Newest `updated_at` first, without the nodes' data. `limit` 0: all."""
        found = self._workflows.find(_matching(owner_id, status, text), LISTED)
        return list(found.sort([("updated_at", DESCENDING), ("_id", DESCENDING)]).skip(skip).limit(limit))

    def count(self, owner_id: ObjectId, *, status: str = "", text: str = "") -> int:
        return self._workflows.count_documents(_matching(owner_id, status, text))

    def count_on_cluster(self, owner_id: ObjectId, cluster_name: str) -> int:
        """How many living workflows name this cluster."""
        return self._workflows.count_documents({"owner_id": owner_id, "cluster_id": cluster_name, "deleted_at": None})

    def update(self, workflow: RawWorkflow, changes: Mapping[str, Any]) -> RawWorkflow | None:
        """Change fields that aren't the graph. `None`: it was deleted meanwhile."""
        changed = {**changes, "updated_at": self._clock.now()}
        mine = {"_id": workflow["_id"], "owner_id": workflow["owner_id"], "deleted_at": None}
        won = self._workflows.update_one(mine, {"$set": changed}).matched_count == 1
        return {**workflow, **changed} if won else None

    def save_graph(self, workflow: RawWorkflow, changes: Mapping[str, Any]) -> RawWorkflow | None:
        """Write a graph read at this `graph_rev`, raising it. `None`: somebody else wrote first; read again."""
        rev = workflow.get("graph_rev", 0)
        changed = {**changes, "updated_at": self._clock.now(), "graph_rev": rev + 1}
        # None also matches a document of an earlier release, which has no rev.
        as_read = {"deleted_at": None, "graph_rev": workflow.get("graph_rev")}
        mine = {"_id": workflow["_id"], "owner_id": workflow["owner_id"], **as_read}
        won = self._workflows.update_one(mine, {"$set": changed}).matched_count == 1
        return {**workflow, **changed} if won else None

    def delete(self, workflow: RawWorkflow) -> bool:
        """Hide it everywhere, and want its objects gone. False: it was deleted already."""
        mine = {"_id": workflow["_id"], "owner_id": workflow["owner_id"], "deleted_at": None}
        gone = {"deleted_at": self._clock.now(), "cleanup_wanted": True}
        return self._workflows.update_one(mine, {"$set": gone}).modified_count == 1

    def cleaned(self, seen: RawWorkflow) -> bool:
        """Nothing is left to clean of the workflow as it was read. False: it has changed since, clean again."""
        same = {"_id": seen["_id"], "graph_rev": seen.get("graph_rev"), "status": seen["status"]}
        same |= {"deleted_at": seen.get("deleted_at"), "cluster_id": seen["cluster_id"]}
        return self._workflows.update_one(same, {"$unset": {"cleanup_wanted": ""}}).matched_count == 1

    def that_have_run(self) -> Iterator[ObjectId]:
        """Ids of all workflows with a run, deleted ones too."""
        for workflow in self._workflows.find({"run_count": {"$gt": 0}}, {"_id": 1}):
            yield workflow["_id"]

    def gone_for_good(self) -> Iterator[ObjectId]:
        """Ids of deleted ones that have left nothing in a cluster."""
        gone = {"deleted_at": {"$ne": None}, "cleanup_wanted": None, "run_count": {"$gt": 0}}
        for workflow in self._workflows.find(gone, {"_id": 1}):
            yield workflow["_id"]

    def wanting_cleanup(self) -> Sequence[RawWorkflow]:
        """Of everybody; a few at a time."""
        return list(self._workflows.find({"cleanup_wanted": True}, {"nodes": 0, "edges": 0}).limit(200))

    def count_start(self, workflow_id: ObjectId, version: int) -> None:
        """A run of this version has started. Runs of a workflow never overlap, so their versions only grow."""
        counts = {"$inc": {"run_count": 1}, "$max": {"current_version": version}}
        fresh = {"_id": workflow_id, "counted_start": _below(version)}
        set_ = {"counted_start": version, "last_run_at": self._clock.now()}
        self._workflows.update_one(fresh, {"$set": set_, **counts})

    def count_end(self, workflow_id: ObjectId, version: int, *, counter: str | None) -> None:
        """Its run has ended; `counter` is success_count, failure_count or none for a cancelled one."""
        change: dict[str, Any] = {"$set": {"counted_end": version}}
        if counter:
            change["$inc"] = {counter: 1}
        self._workflows.update_one({"_id": workflow_id, "counted_end": _below(version)}, change)


def _below(version: int) -> dict[str, Any]:
    """Lower, or not there: a document of an earlier release."""
    return {"$not": {"$gte": version}}


def _matching(owner_id: ObjectId, status: str, text: str) -> dict[str, Any]:
    query: dict[str, Any] = {"owner_id": owner_id, "deleted_at": None}
    if status:
        query["status"] = status
    if text:
        # Taken literally: what a person types is no pattern.
        query["name"] = {"$regex": re.escape(text[:200]), "$options": "i"}
    return query
