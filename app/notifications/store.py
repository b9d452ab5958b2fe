"""All queries on `notifications`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from bson import ObjectId
from pymongo import DESCENDING, IndexModel
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.storage.mongo import Indexes

COLLECTION: Final = "notifications"

INDEXES: Final[Indexes] = {
    COLLECTION: [
        IndexModel([("user_id", 1), ("created_at", DESCENDING)], name="user_newest"),
        IndexModel([("user_id", 1), ("read", 1)], name="user_read"),
        # One cause is told once, however often its task runs.
        IndexModel([("user_id", 1), ("dedup_key", 1)], name="dedup_key", unique=True, sparse=True),
        IndexModel([("expire_at", 1)], name="expire_at", expireAfterSeconds=0),
    ]
}


class NotificationStore:
    """All queries on `notifications`."""

    def __init__(self, db: Database[dict[str, Any]]) -> None:
        self._notifications = db[COLLECTION]

    def insert(self, notification: Mapping[str, Any]) -> bool:
        """False: this cause was told already."""
        try:
            self._notifications.insert_one(dict(notification))
        except DuplicateKeyError:
            return False
        return True

    def trim(self, user_id: ObjectId, *, keep: int) -> int:
        """Remove somebody's oldest beyond so many; how many went."""
        newest = self._notifications.find({"user_id": user_id}, {"created_at": 1}).sort("created_at", DESCENDING)
        beyond: list[Mapping[str, Any]] = list(newest.skip(keep).limit(1))
        if not beyond:
            return 0
        last: datetime = beyond[0]["created_at"]
        return self._notifications.delete_many({"user_id": user_id, "created_at": {"$lte": last}}).deleted_count
