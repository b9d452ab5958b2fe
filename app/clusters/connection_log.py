"""A cluster's connection log: what its owner reads when it doesn't connect. All queries on `cluster_logs`.

Entries are for people and pass on texts that are already safe to show; the TTL index removes old ones.
"""

from typing import Any

import structlog
from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.database import Database

from app.clock import Clock
from app.clusters.models import INSECURE, Cluster, LogAction, LogEntry, LogLevel
from app.storage.mongo import Indexes

log = structlog.get_logger(__name__)


def indexes(ttl_hours: float) -> Indexes:
    """A changed time to live changes the index at the next start."""
    return {
        "cluster_logs": [
            IndexModel([("cluster_id", ASCENDING), ("timestamp", DESCENDING)]),
            IndexModel([("timestamp", ASCENDING)], name="ttl", expireAfterSeconds=round(ttl_hours * 3600)),
        ]
    }


class ConnectionLog:
    """Write and read the log."""

    def __init__(self, db: Database[dict[str, Any]], clock: Clock) -> None:
        self._entries, self._clock = db["cluster_logs"], clock

    def add(
        self,
        cluster_id: ObjectId,
        action: LogAction,
        message: str,
        *,
        user_id: ObjectId | None = None,
        error: str | None = None,
        level: LogLevel | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        """Without `error` it's a success; the level follows from that unless given."""
        entry = LogEntry(
            cluster_id=cluster_id,
            user_id=user_id,
            action=action,
            success=error is None,
            level=level or ("error" if error else "info"),
            message=message,
            error=error,
            details=details,
            timestamp=self._clock.now(),
        )
        self._entries.insert_one(entry.model_dump(by_alias=True, exclude_none=True))
        log.info("cluster_log", cluster_id=str(cluster_id), action=action, success=entry.success)

    def edited(
        self, cluster: Cluster, action: LogAction, message: str, user_id: ObjectId, error: str | None = None
    ) -> None:
        """A person added or changed a cluster; says so too when its TLS isn't verified."""
        if cluster.insecure and not error:
            self.add(cluster.id, action, f"{message}. {INSECURE}", user_id=user_id, level="warning")
        else:
            self.add(cluster.id, action, message, user_id=user_id, error=error)

    def newest(self, cluster_id: ObjectId, limit: int) -> list[LogEntry]:
        found = self._entries.find({"cluster_id": cluster_id}).sort("timestamp", DESCENDING).limit(limit)
        return [LogEntry.of(raw) for raw in found]

    def delete(self, cluster_id: ObjectId) -> None:
        self._entries.delete_many({"cluster_id": cluster_id})
