"""All queries on `workflow_versions`: numbered snapshots of a graph, never removed."""

from collections.abc import Mapping
from typing import Any, Final

from bson import ObjectId
from pymongo import IndexModel
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.clock import Clock
from app.storage.mongo import Indexes

INDEXES: Final[Indexes] = {
    "workflow_versions": [
        IndexModel([("workflow_id", 1), ("version", 1)], name="workflow_version", unique=True),
        # One version a run, however often somebody makes sure of it.
        IndexModel([("run_id", 1)], name="run", unique=True, sparse=True),
    ]
}


class VersionStore:
    """All queries on `workflow_versions`."""

    def __init__(self, db: Database[dict[str, Any]], clock: Clock) -> None:
        self._versions, self._clock = db["workflow_versions"], clock

    def snapshot(
        self,
        workflow_id: ObjectId,
        graph: Mapping[str, Any],
        *,
        after: int,
        created_by: ObjectId,
        fields: Mapping[str, Any],
    ) -> int:
        """Store a graph under the next free number and say which. Idempotent for a run (`fields["run_id"]`).

        Args:
            after: a number that is taken for sure; the walk to a free one starts behind it.
        """
        document = {
            "workflow_id": workflow_id,
            "nodes": graph["nodes"],
            "edges": graph["edges"],
            "created_at": self._clock.now(),
            "created_by": created_by,
            **fields,
        }
        version = after
        while True:
            version += 1
            try:
                self._versions.insert_one({"_id": ObjectId(), "version": version, **document})
            except DuplicateKeyError:
                # Either the number is taken, and the loser takes the next, or this run has its version already.
                if "run_id" in fields and (taken := self.find_of_run(fields["run_id"])) is not None:
                    return taken
            else:
                return version

    def find_of_run(self, run_id: ObjectId) -> int | None:
        """The number of this run's snapshot."""
        found = self._versions.find_one({"run_id": run_id}, {"version": 1})
        return None if found is None else int(found["version"])

    def find(self, workflow_id: ObjectId, version: int) -> Mapping[str, Any] | None:
        return self._versions.find_one({"workflow_id": workflow_id, "version": version})

    def follow_run(self, run_id: ObjectId, status: str) -> None:
        """Say with the version how its run is going (`run_status`)."""
        self._versions.update_one({"run_id": run_id}, {"$set": {"run_status": status}})
