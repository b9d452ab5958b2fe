"""All queries on `import_sessions` and `import_files`, but for those of any job's life (`app/jobs/store.py`).

A session that is analysed in the background is a job; one of an upload is complete when it is inserted. The analysis is
kept as compressed JSON: it is big, nobody queries it, and its keys are whatever people call their variables.
"""

import zlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from bson import ObjectId
from pymongo import DESCENDING, IndexModel
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.clock import Clock
from app.errors import NotFoundError
from app.jobs.store import UNFINISHED, job_indexes, new_job
from app.storage.mongo import Indexes

RawSession = Mapping[str, Any]

COLLECTION: Final = "import_sessions"
FILES: Final = "import_files"
NOT_FOUND: Final = "Import session not found"

INDEXES: Final[Indexes] = {
    COLLECTION: [
        *job_indexes(),
        IndexModel([("user_id", 1), ("created_at", DESCENDING)], name="user_newest"),
        # The same request by the same user joins the one that is going on.
        IndexModel([("active_for", 1)], name="active_for", unique=True, sparse=True),
        IndexModel([("unannounced", 1)], name="unannounced", sparse=True),
        IndexModel([("expires_at", 1)], name="expires_at", expireAfterSeconds=0),
    ],
    FILES: [IndexModel([("expires_at", 1)], name="expires_at", expireAfterSeconds=0)],
}
LISTED: Final = {"analysis": 0, "secrets": 0, "given": 0, "logs": 0}


def import_lease(session_id: ObjectId) -> str:
    """The lease under which a session is worked on."""
    return f"import:{session_id}"


def packed(analysis: Mapping[str, Any]) -> bytes:
    """An analysis as it is stored."""
    return zlib.compress(orjson.dumps(analysis), 1)


def unpacked(stored: bytes) -> dict[str, Any]:
    """What `packed` was given."""
    found: dict[str, Any] = orjson.loads(zlib.decompress(stored))
    return found


class ImportStore:
    """All queries on `import_sessions`.

    Args:
        life: how long a session is kept.
    """

    def __init__(self, db: Database[dict[str, Any]], clock: Clock, *, life: timedelta) -> None:
        self._sessions, self._clock, self._life = db[COLLECTION], clock, life

    def insert_done(self, session_id: ObjectId, user_id: ObjectId, fields: Mapping[str, Any]) -> RawSession:
        """An upload, analysed."""
        now = self._clock.now()
        session = self._new(session_id, user_id, fields, now) | {"status": "completed", "completed_at": now}
        self._sessions.insert_one(session)
        return session

    def queue(
        self, session_id: ObjectId, user_id: ObjectId, fields: Mapping[str, Any], *, timeout_s: float
    ) -> RawSession | None:
        """One that a worker analyses. `None`: the same one (`active_for`) is going on."""
        now = self._clock.now()
        deadline_at = now + timedelta(seconds=timeout_s)
        job = new_job(lease=import_lease(session_id), user_id=user_id, now=now, deadline_at=deadline_at)
        session = self._new(session_id, user_id, fields, now) | job | {"unannounced": True}
        try:
            self._sessions.insert_one(session)
        except DuplicateKeyError:
            return None
        return session

    def _new(self, session_id: ObjectId, user_id: ObjectId, fields: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        return {
            "_id": session_id,
            "user_id": user_id,
            "created_at": now,
            "expires_at": now + self._life,
            "rev": 0,
            "progress": 0,
            "logs": [],
            **fields,
        }

    def get(self, session_id: ObjectId, *, user_id: ObjectId) -> RawSession:
        """Raises NotFoundError, also for somebody else's and one that is past its time."""
        mine = {"_id": session_id, "user_id": user_id, "expires_at": {"$gt": self._clock.now()}}
        found = self._sessions.find_one(mine)
        if found is None:
            raise NotFoundError(NOT_FOUND)
        return found

    def find(self, session_id: ObjectId) -> RawSession | None:
        """Whoever has it: for workers, and for viewers who were checked."""
        return self._sessions.find_one({"_id": session_id})

    def active(self, active_for: str) -> RawSession | None:
        """The one that is going on for the same request."""
        return self._sessions.find_one({"active_for": active_for})

    def count_active(self, user_id: ObjectId) -> int:
        """How many of somebody's are queued or running."""
        return self._sessions.count_documents({"user_id": user_id, "status": {"$in": list(UNFINISHED)}})

    def list(self, user_id: ObjectId, *, limit: int, offset: int) -> tuple[Sequence[RawSession], int]:
        """Newest first, without analyses; and how many there are in all."""
        mine = {"user_id": user_id, "expires_at": {"$gt": self._clock.now()}}
        found = self._sessions.find(mine, LISTED).sort([("created_at", DESCENDING), ("_id", DESCENDING)])
        return list(found.skip(offset).limit(limit)), self._sessions.count_documents(mine)

    def surplus(self, user_id: ObjectId, *, keep: int) -> Sequence[ObjectId]:
        """Somebody's ended ones beyond the newest so many, to be deleted."""
        found = self._sessions.find({"user_id": user_id}, {"status": 1}).sort([("created_at", DESCENDING)]).skip(keep)
        return [raw["_id"] for raw in found.limit(100) if raw["status"] not in UNFINISHED]

    def has_ended(self, session_id: ObjectId) -> bool:
        """Cheap, to be asked again and again; true for one that is gone too."""
        unfinished = {"_id": session_id, "status": {"$in": list(UNFINISHED)}}
        return self._sessions.find_one(unfinished, {"_id": 1}) is None

    def replace_analysis(self, session: RawSession, changes: Mapping[str, Any]) -> bool:
        """Other options were chosen. False: it was changed or removed meanwhile."""
        as_read = {"_id": session["_id"], "user_id": session["user_id"], "rev": session["rev"], "status": "completed"}
        update = {"$set": dict(changes), "$inc": {"rev": 1}}
        return self._sessions.update_one(as_read, update).modified_count == 1

    def announce(self, session_id: ObjectId) -> RawSession | None:
        """Raise the rev of one that has ended, once; as it is then. `None`: it was announced, or it hasn't ended."""
        ended = {"_id": session_id, "unannounced": True, "status": {"$nin": list(UNFINISHED)}}
        told = self._sessions.update_one(ended, {"$unset": {"unannounced": ""}, "$inc": {"rev": 1}})
        return self.find(session_id) if told.modified_count else None

    def unannounced(self) -> Sequence[ObjectId]:
        """Ended ones that nobody announced: their worker died in between."""
        ended = {"unannounced": True, "status": {"$nin": list(UNFINISHED)}}
        return [raw["_id"] for raw in self._sessions.find(ended, {"_id": 1}).limit(200)]

    def delete(self, session_id: ObjectId, *, user_id: ObjectId) -> bool:
        """For good. False: it was gone already."""
        return self._sessions.delete_one({"_id": session_id, "user_id": user_id}).deleted_count == 1

    def revs(self, ids: Collection[str]) -> dict[str, int | None]:
        """Id → rev, for the streams' comparison; None where it's gone."""
        wanted = [ObjectId(text) for text in ids]
        found = {str(raw["_id"]): int(raw["rev"]) for raw in self._sessions.find({"_id": {"$in": wanted}}, {"rev": 1})}
        return {text: found.get(text) for text in ids}


class FileStore:
    """All queries on `import_files`: sealed, as the files hold passwords."""

    def __init__(self, db: Database[dict[str, Any]]) -> None:
        self._files = db[FILES]

    def put(self, session_id: ObjectId, sealed: bytes, expires_at: datetime) -> None:
        """Keep those of a session, in place of earlier ones."""
        kept = {"_id": session_id, "files": sealed, "expires_at": expires_at}
        self._files.replace_one({"_id": session_id}, kept, upsert=True)

    def find(self, session_id: ObjectId) -> bytes | None:
        found = self._files.find_one({"_id": session_id})
        return None if found is None else bytes(found["files"])

    def delete(self, session_id: ObjectId) -> None:
        self._files.delete_one({"_id": session_id})
