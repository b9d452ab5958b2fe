"""All queries on `pending_secrets`: sealed values that wait for the first run of a workflow.

One document a secret node: `{_id: "<workflow>:<node>", workflow_id, node_id, values (sealed), mark, expires_at}`.
`mark` is new with each write, so that a run erases what it has applied and nothing newer.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from bson import ObjectId
from pymongo import IndexModel, ReplaceOne
from pymongo.database import Database

from app.jobs.store import Raw
from app.storage.mongo import Indexes

COLLECTION: Final = "pending_secrets"

INDEXES: Final[Indexes] = {
    COLLECTION: [
        IndexModel([("workflow_id", 1)], name="workflow_id"),
        IndexModel([("expires_at", 1)], name="expires_at", expireAfterSeconds=0),
    ]
}


class PendingStore:
    """All queries on `pending_secrets`."""

    def __init__(self, db: Database[dict[str, Any]]) -> None:
        self._pending = db[COLLECTION]

    def put(self, workflow_id: ObjectId, sealed: Mapping[str, bytes], expires_at: datetime) -> None:
        """By node id, in place of what waits for these nodes. One call: an import may have hundreds."""
        about = {"workflow_id": workflow_id, "expires_at": expires_at}
        writes = []
        for node_id, values in sealed.items():
            key = f"{workflow_id}:{node_id}"
            entry = {"_id": key, **about, "node_id": node_id, "values": values, "mark": ObjectId()}
            writes.append(ReplaceOne({"_id": key}, entry, upsert=True))
        if writes:
            self._pending.bulk_write(writes, ordered=False)

    def of_workflow(self, workflow_id: ObjectId, *, now: datetime) -> Sequence[Raw]:
        return list(self._pending.find({"workflow_id": workflow_id, "expires_at": {"$gt": now}}))

    def erase(self, workflow_id: ObjectId, node_id: str, mark: ObjectId) -> bool:
        """Applied. False: newer values came meanwhile, or it was erased before."""
        same = {"_id": f"{workflow_id}:{node_id}", "mark": mark}
        return self._pending.delete_one(same).deleted_count == 1

    def erase_all(self, workflow_id: ObjectId) -> None:
        """The workflow is gone."""
        self._pending.delete_many({"workflow_id": workflow_id})
