"""What was applied for a workflow, so that cleanup finds it even when a label is gone. All queries on
`workflow_inventories`: one document a workflow, written by whoever holds its lease.

An object is noted before it is applied: a crash in between leaves a note too many, never an object too many.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from pymongo.database import Database

from app.errors import LeaseLostError
from app.jobs.job import Job
from app.kube.objects import KubeObject


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """Names one object in one cluster."""

    cluster_id: ObjectId
    api_version: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, cluster_id: ObjectId, obj: KubeObject) -> "ObjectKey":
        meta = obj["metadata"]
        return cls(cluster_id, obj["apiVersion"], obj["kind"], meta.get("namespace", ""), meta["name"])

    def __str__(self) -> str:
        place = f" in namespace {self.namespace}" if self.namespace else ""
        return f'{self.kind} "{self.name}"{place}'


@dataclass(frozen=True, slots=True)
class Noted:
    """One entry of the inventory."""

    key: ObjectKey
    uid: str = ""
    """Empty until it was seen applied."""
    checksum: str = ""
    """Of a Job: what it was made from, so that one that has gone by its TTL isn't run again."""


class InventoryStore:
    """All queries on `workflow_inventories`."""

    def __init__(self, db: Database[dict[str, Any]]) -> None:
        self._inventories = db["workflow_inventories"]

    def read(self, workflow_id: ObjectId) -> dict[ObjectKey, Noted]:
        found = self._inventories.find_one({"_id": workflow_id}) or {}
        return {noted.key: noted for noted in map(_noted, found.get("objects", []))}

    def write(self, workflow_id: ObjectId, entries: Iterable[Noted], *, fence: int) -> bool:
        """Put these in place of what was noted. False: a newer owner has written."""
        objects = [_raw(entry) for entry in entries]
        held = {"_id": workflow_id, "fence": {"$lte": fence}}
        change = {"$set": {"objects": objects, "fence": fence}}
        if self._inventories.update_one(held, change).matched_count:
            return True
        if self._inventories.find_one({"_id": workflow_id}, {"fence": 1}) is not None:
            return False
        self._inventories.insert_one({"_id": workflow_id, "objects": objects, "fence": fence})
        return True

    def delete(self, workflow_id: ObjectId) -> None:
        """The workflow is gone for good."""
        self._inventories.delete_one({"_id": workflow_id})


class Notes:
    """A workflow's inventory in the hands of who has its lease. Written only where it differs."""

    def __init__(self, store: InventoryStore, workflow_id: ObjectId, job: Job) -> None:
        self._store, self._workflow_id, self._job = store, workflow_id, job
        self._stored = store.read(workflow_id)
        self.entries = dict(self._stored)

    def want(self, keys: Iterable[ObjectKey]) -> None:
        """Before they are applied; what is known of them stays."""
        self.entries |= {key: Noted(key) for key in keys if key not in self.entries}

    def put(self, entries: Iterable[Noted]) -> None:
        """They have been applied."""
        for entry in entries:
            self.entries[entry.key] = entry

    def drop(self, keys: Iterable[ObjectKey]) -> None:
        """They are gone."""
        for key in keys:
            self.entries.pop(key, None)

    def save(self) -> None:
        """Raises LeaseLostError when a newer owner has written."""
        if self.entries == self._stored:
            return
        self._job.check()
        if not self._store.write(self._workflow_id, self.entries.values(), fence=self._job.fence):
            raise LeaseLostError(self._job.lease.id)
        self._stored = dict(self.entries)


def _noted(raw: Mapping[str, Any]) -> Noted:
    key = ObjectKey(raw["cluster_id"], raw["api_version"], raw["kind"], raw["namespace"], raw["name"])
    return Noted(key, raw.get("uid", ""), raw.get("checksum", ""))


def _raw(entry: Noted) -> dict[str, Any]:
    key = entry.key
    return {
        "cluster_id": key.cluster_id,
        "api_version": key.api_version,
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
        "uid": entry.uid,
        "checksum": entry.checksum,
    }
