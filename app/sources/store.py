"""All queries on `git_credentials`. Models in and out; every filter has the owner."""

from datetime import datetime
from typing import Any, Final

from bson import Binary, ObjectId
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.database import Database

from app.sources.models import StoredCredential
from app.storage.mongo import Indexes

INDEXES: Final[Indexes] = {
    "git_credentials": [
        IndexModel([("user_id", ASCENDING), ("host", ASCENDING), ("path_prefix", ASCENDING)], unique=True)
    ],
}
WITHOUT_SECRETS: Final = {"token": 0}


class GitCredentialStore:
    """One document a credential, the sealed token inside."""

    def __init__(self, db: Database[dict[str, Any]]) -> None:
        self._credentials = db["git_credentials"]

    def put(self, credential: StoredCredential, sealed: bytes) -> StoredCredential:
        """Store it, in place of the user's other one for the same host and path, whose id stays."""
        same = {"user_id": credential.user_id, "host": credential.host, "path_prefix": credential.path_prefix}
        values = {"username": credential.username, "token": Binary(sealed), "created_at": credential.created_at}
        raw = self._credentials.find_one_and_update(
            same,
            {"$set": values, "$unset": {"last_used_at": ""}, "$setOnInsert": {"_id": credential.id}},
            WITHOUT_SECRETS,
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return StoredCredential.of(raw)

    def of_user(self, user_id: ObjectId) -> list[StoredCredential]:
        """Newest first."""
        found = self._credentials.find({"user_id": user_id}, WITHOUT_SECRETS).sort("created_at", DESCENDING)
        return [StoredCredential.of(raw) for raw in found]

    def of_host(self, user_id: ObjectId, host: str) -> list[tuple[StoredCredential, bytes]]:
        """With the sealed tokens."""
        found = self._credentials.find({"user_id": user_id, "host": host})
        return [(StoredCredential.of(raw), bytes(raw["token"])) for raw in found]

    def count(self, user_id: ObjectId) -> int:
        return self._credentials.count_documents({"user_id": user_id})

    def used(self, credential: StoredCredential, at: datetime) -> None:
        mine = {"_id": credential.id, "user_id": credential.user_id}
        self._credentials.update_one(mine, {"$set": {"last_used_at": at}})

    def delete(self, user_id: ObjectId, credential_id: ObjectId) -> bool:
        """False: there is no such one of this user."""
        return self._credentials.delete_one({"_id": credential_id, "user_id": user_id}).deleted_count == 1
