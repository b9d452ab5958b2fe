"""All queries on `clusters`, `cluster_access` and `default_clusters`. Models in and out.

A cluster that is being removed (`removed_at`) is nobody's any more: no read but `removed` gives it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from bson import Binary, ObjectId
from pymongo import ASCENDING, IndexModel
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.clock import Clock
from app.clusters.models import Cluster, Entry, Metadata
from app.storage.mongo import Indexes

INDEXES: Final[Indexes] = {
    "clusters": [
        IndexModel([("user_id", ASCENDING)]),
        IndexModel([("next_check_at", ASCENDING)]),
        IndexModel([("removed_at", ASCENDING)], sparse=True),
    ],
    "cluster_access": [
        IndexModel([("user_id", ASCENDING), ("cluster_name", ASCENDING)], unique=True),
        IndexModel([("cluster_id", ASCENDING), ("user_id", ASCENDING)], unique=True),
        IndexModel([("pending_since", ASCENDING)], sparse=True),
    ],
    "default_clusters": [IndexModel([("cluster_id", ASCENDING)])],
}
LIVE: Final = {"removed_at": None}
WITHOUT_SECRETS: Final = {"credentials": 0}


class ClusterStore:
    """`clusters`: one document a cluster, the sealed credentials inside."""

    def __init__(self, db: Database[dict[str, Any]], clock: Clock) -> None:
        self._clusters, self._clock = db["clusters"], clock

    def insert(self, cluster: Cluster, sealed: bytes) -> None:
        document = cluster.model_dump(by_alias=True, mode="python")
        self._clusters.insert_one(document | {"credentials": Binary(sealed)})

    def find(self, cluster_id: ObjectId) -> Cluster | None:
        raw = self._clusters.find_one({"_id": cluster_id, **LIVE}, WITHOUT_SECRETS)
        return Cluster.of(raw) if raw else None

    def many(self, cluster_ids: Sequence[ObjectId]) -> list[Cluster]:
        """Newest first."""
        found = self._clusters.find({"_id": {"$in": list(cluster_ids)}, **LIVE}, WITHOUT_SECRETS)
        return sorted((Cluster.of(raw) for raw in found), key=lambda cluster: cluster.id, reverse=True)

    def versions(self) -> list[tuple[ObjectId, int]]:
        """(id, credentials version) of every cluster."""
        found = self._clusters.find(LIVE, {"credentials_version": 1})
        return [(raw["_id"], raw["credentials_version"]) for raw in found]

    def credentials_version(self, cluster_id: ObjectId) -> int | None:
        raw = self._clusters.find_one({"_id": cluster_id, **LIVE}, {"credentials_version": 1})
        return raw["credentials_version"] if raw else None

    def with_credentials(self, cluster_id: ObjectId) -> tuple[Cluster, bytes] | None:
        """The cluster and its sealed credentials, of one version."""
        raw = self._clusters.find_one({"_id": cluster_id, **LIVE})
        return (Cluster.of(raw), bytes(raw["credentials"])) if raw else None

    def edit(self, cluster: Cluster, changes: Mapping[str, Any], sealed: bytes | None = None) -> Cluster | None:
        """Store an edit; with `sealed`, also a new way to connect, in the same write under a higher version.

        `None`: somebody else changed how to connect since `cluster` was read, or removed it; nothing has changed.
        """
        values = {**changes, "updated_at": self._clock.now()}
        update: dict[str, Any] = {"$set": values}
        if sealed is not None:
            values["credentials"] = Binary(sealed)
            update["$inc"] = {"credentials_version": 1}
        unchanged = {"_id": cluster.id, "credentials_version": cluster.credentials_version, **LIVE}
        return self.find(cluster.id) if self._clusters.update_one(unchanged, update).modified_count else None

    def checked(
        self, cluster: Cluster, changes: Mapping[str, Any], *, even_if: Mapping[str, Any] | None = None
    ) -> bool:
        """Store what a check found. False: the way to connect has changed meanwhile, the finding is of the old one.

        Args:
            even_if: further conditions, such as the status that the change starts from.
        """
        held = {"_id": cluster.id, "credentials_version": cluster.credentials_version, **LIVE, **(even_if or {})}
        return self._clusters.update_one(held, {"$set": dict(changes)}).matched_count == 1

    def save_metadata(self, cluster: Cluster, metadata: Metadata) -> None:
        self.checked(cluster, {"metadata": metadata.model_dump()})

    def due(self, now: datetime, limit: int) -> list[Cluster]:
        """Those whose next check is due, the longest waiting first."""
        found = self._clusters.find({"next_check_at": {"$lte": now}, **LIVE}, WITHOUT_SECRETS)
        return [Cluster.of(raw) for raw in found.sort("next_check_at", ASCENDING).limit(limit)]

    def claim_check(self, cluster: Cluster, until: datetime) -> bool:
        """Put the next check off, so that one of several checkers does this one. True for that one."""
        waiting = {"_id": cluster.id, "next_check_at": cluster.next_check_at, **LIVE}
        return self._clusters.update_one(waiting, {"$set": {"next_check_at": until}}).modified_count == 1

    def check_soon(self, cluster_id: ObjectId, now: datetime) -> None:
        """Ask for a check at once."""
        later = {"_id": cluster_id, "next_check_at": {"$gt": now}, **LIVE}
        self._clusters.update_one(later, {"$set": {"next_check_at": now}})

    def erase(self, cluster_id: ObjectId) -> bool:
        """Begin a removal: the credentials are gone with this write. False: somebody else began it."""
        update = {"$set": {"removed_at": self._clock.now()}, "$unset": {"credentials": "", "next_check_at": ""}}
        return self._clusters.update_one({"_id": cluster_id, **LIVE}, update).modified_count == 1

    def removed(self, before: datetime) -> list[tuple[ObjectId, ObjectId]]:
        """(id, owner's id) of removals that began before and haven't ended: their process died."""
        found = self._clusters.find({"removed_at": {"$lt": before}}, {"user_id": 1})
        return [(raw["_id"], raw["user_id"]) for raw in found]

    def delete(self, cluster_id: ObjectId) -> None:
        self._clusters.delete_one({"_id": cluster_id})

    def exists(self, cluster_id: ObjectId) -> bool:
        """Whether there is a document, also of one that is being removed."""
        return self._clusters.find_one({"_id": cluster_id}, {"_id": 1}) is not None


class AccessStore:
    """`cluster_access`: who sees which cluster under which name."""

    # An entry is written moments before its cluster; older ones without a cluster are left from a dead process.
    ORPHAN_AGE: Final = timedelta(minutes=1)

    def __init__(self, db: Database[dict[str, Any]], clock: Clock) -> None:
        self._entries, self._clock = db["cluster_access"], clock

    def reserve(self, entry: Entry) -> bool:
        """The owner's entry, before there is a cluster. False: this user sees one of that name already."""
        document = entry.model_dump(by_alias=True, exclude_none=True)
        try:
            self._entries.insert_one(document | {"pending_since": self._clock.now()})
        except DuplicateKeyError:
            return False
        return True

    def settle(self, entry_id: ObjectId) -> None:
        """The cluster of a reserved name is there."""
        self._entries.update_one({"_id": entry_id}, {"$unset": {"pending_since": ""}})

    def reserved(self, before: datetime) -> list[Entry]:
        """Names that were reserved before and aren't settled: their process died."""
        return [Entry.of(raw) for raw in self._entries.find({"pending_since": {"$lt": before}})]

    def find(self, user_id: ObjectId, name: str) -> Entry | None:
        raw = self._entries.find_one({"user_id": user_id, "cluster_name": name})
        return self._valid(Entry.of(raw)) if raw else None

    def of_user(self, user_id: ObjectId) -> list[Entry]:
        found = (self._valid(Entry.of(raw)) for raw in self._entries.find({"user_id": user_id}))
        return [entry for entry in found if entry is not None]

    def of_cluster(self, cluster_id: ObjectId, user_id: ObjectId) -> Entry | None:
        """This user's entry for this cluster."""
        raw = self._entries.find_one({"cluster_id": cluster_id, "user_id": user_id})
        return self._valid(Entry.of(raw)) if raw else None

    def owned(self, user_id: ObjectId) -> int:
        return self._entries.count_documents({"user_id": user_id, "role": "owner"})

    def delete(self, entry_id: ObjectId) -> None:
        self._entries.delete_one({"_id": entry_id})

    def delete_of_cluster(self, cluster_id: ObjectId) -> None:
        self._entries.delete_many({"cluster_id": cluster_id})

    def _valid(self, entry: Entry) -> Entry | None:
        expired = entry.expires_at is not None and entry.expires_at <= self._clock.now()
        return None if expired else entry


class DefaultStore:
    """`default_clusters`: one small document a user."""

    def __init__(self, db: Database[dict[str, Any]]) -> None:
        self._defaults = db["default_clusters"]

    def find(self, user_id: ObjectId) -> ObjectId | None:
        raw = self._defaults.find_one({"_id": user_id})
        return raw["cluster_id"] if raw else None

    def set(self, user_id: ObjectId, cluster_id: ObjectId) -> None:
        self._defaults.update_one({"_id": user_id}, {"$set": {"cluster_id": cluster_id}}, upsert=True)

    def set_first(self, user_id: ObjectId, cluster_id: ObjectId) -> None:
        """Only if the user has none."""
        self._defaults.update_one({"_id": user_id}, {"$setOnInsert": {"cluster_id": cluster_id}}, upsert=True)

    def forget(self, cluster_id: ObjectId) -> None:
        self._defaults.delete_many({"cluster_id": cluster_id})
