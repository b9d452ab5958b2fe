"""Every query on `users`, `sessions`, `invites` and on the `invites` entry of `app_settings`."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.accounts.models import Invite, Session, User
from app.errors import ConflictError, NotFoundError
from app.storage.mongo import Indexes

INDEXES: Final[Indexes] = {
    "users": [
        IndexModel([("email", ASCENDING)], unique=True, name="email"),
        IndexModel(
            [("auth_provider", ASCENDING), ("provider_user_id", ASCENDING)],
            unique=True,
            name="identity",
            partialFilterExpression={"provider_user_id": {"$exists": True}},
        ),
        # One document at most has it: whoever inserts it first is the first admin.
        IndexModel([("bootstrap", ASCENDING)], unique=True, sparse=True, name="bootstrap"),
    ],
    "sessions": [
        IndexModel([("user_id", ASCENDING)], name="user"),
        IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0, name="expiry"),
    ],
    "invites": [
        IndexModel([("code_hash", ASCENDING)], unique=True, name="code"),
        # Only the current one has the field: of two that are made at once, one stays.
        IndexModel([("current", ASCENDING)], unique=True, sparse=True, name="current"),
    ],
}

Raw = dict[str, Any]
LISTED_INVITES: Final = 500
NO_PASSWORD: Final = {"password": 0}
LIVING: Final = {"ended_at": {"$exists": False}}


class UserStore:
    """All queries on `users`."""

    def __init__(self, db: Database[Raw]) -> None:
        self._users = db["users"]

    def get(self, user_id: ObjectId) -> User:
        """Raises NotFoundError."""
        user = self.find(user_id)
        if user is None:
            raise NotFoundError("User not found")
        return user

    def find(self, user_id: ObjectId) -> User | None:
        raw = self._users.find_one({"_id": user_id})
        return None if raw is None else User.of(raw)

    def find_without_password(self, user_id: ObjectId) -> User | None:
        raw = self._users.find_one({"_id": user_id}, NO_PASSWORD)
        return None if raw is None else User.of(raw)

    def find_many_without_password(self, user_ids: Iterable[ObjectId]) -> dict[ObjectId, User]:
        found = self._users.find({"_id": {"$in": list(user_ids)}}, NO_PASSWORD)
        return {raw["_id"]: User.of(raw) for raw in found}

    def by_email(self, email: str) -> User | None:
        """`email` in lower case."""
        raw = self._users.find_one({"email": email})
        return None if raw is None else User.of(raw)

    def has_first_admin(self) -> bool:
        return self._users.find_one({"bootstrap": True}, {"_id": 1}) is not None

    def insert(self, user: User) -> None:
        """Raises ConflictError when the e-mail is taken."""
        if not self._inserted(user):
            raise ConflictError("User already exists")

    def insert_first_admin(self, user: User) -> bool:
        """False: somebody else is the first admin. Raises ConflictError when the e-mail is taken."""
        first = user.model_copy(update={"role": "admin", "bootstrap": True})
        if self._inserted(first):
            return True
        if self.by_email(user.email):
            raise ConflictError("User already exists")
        return False

    def _inserted(self, user: User) -> bool:
        try:
            self._users.insert_one(document_of(user) | {"updated_at": user.created_at})
        except DuplicateKeyError:
            return False
        return True

    def rename(self, user_id: ObjectId, name: str, now: datetime) -> User:
        self._users.update_one({"_id": user_id}, {"$set": {"name": name, "updated_at": now}})
        return self.get(user_id)

    def change_password(self, user_id: ObjectId, *, old_hash: str, new_hash: str, now: datetime) -> bool:
        """False: it was changed meanwhile."""
        change = {"password": new_hash, "password_changed_at": now, "updated_at": now}
        held = {"_id": user_id, "password": old_hash if old_hash else {"$in": ["", None]}}
        return self._users.update_one(held, {"$set": change}).modified_count == 1

    def rehash(self, user_id: ObjectId, *, old_hash: str, new_hash: str) -> None:
        """The same password, at today's cost."""
        self._users.update_one({"_id": user_id, "password": old_hash}, {"$set": {"password": new_hash}})

    def note_sign_in(self, user_id: ObjectId, now: datetime) -> None:
        self._users.update_one({"_id": user_id}, {"$set": {"last_login_at": now}})

    def make_admin(self, user_id: ObjectId, *, new_hash: str, now: datetime) -> None:
        """For the operator: an active admin with this password, whatever it was before."""
        change = {"role": "admin", "password": new_hash, "password_changed_at": now, "updated_at": now}
        self._users.update_one(
            {"_id": user_id}, {"$set": change, "$unset": {"deactivated_at": "", "deactivated_by": ""}}
        )

    # --- for start-up: what the earlier backend left ---

    def emails(self) -> Iterator[tuple[ObjectId, str]]:
        for raw in self._users.find({}, {"email": 1}).sort("created_at", ASCENDING):
            yield raw["_id"], raw["email"]

    def set_email(self, user_id: ObjectId, *, old: str, new: str) -> bool:
        """False: another user has it."""
        try:
            self._users.update_one({"_id": user_id, "email": old}, {"$set": {"email": new}})
        except DuplicateKeyError:
            return False
        return True

    def clear_lone_identities(self) -> int:
        """An identity has provider and id, or neither; empty texts are neither."""
        missing: list[Any] = [None, ""]
        lone = {"$or": [{"auth_provider": {"$in": missing}}, {"provider_user_id": {"$in": missing}}]}
        has = {"$or": [{"auth_provider": {"$exists": True}}, {"provider_user_id": {"$exists": True}}]}
        unset = {"$unset": {"auth_provider": "", "provider_user_id": ""}}
        return self._users.update_many({"$and": [lone, has]}, unset).modified_count

    def mark_oldest_admin(self) -> bool:
        """Put the mark of the first admin on the oldest one. False: nobody to mark, or somebody has it."""
        oldest = self._users.find_one({"role": "admin"}, {"_id": 1}, sort=[("created_at", ASCENDING)])
        if oldest is None:
            return False
        try:
            return self._users.update_one({"_id": oldest["_id"]}, {"$set": {"bootstrap": True}}).modified_count == 1
        except DuplicateKeyError:
            return False


class SessionStore:
    """All queries on `sessions`. Age is judged at use: the store deletes up to a minute late."""

    def __init__(self, db: Database[Raw]) -> None:
        self._sessions = db["sessions"]

    def insert(self, session: Session) -> None:
        self._sessions.insert_one(document_of(session))

    def find(self, session_id: str) -> Session | None:
        raw = self._sessions.find_one({"_id": session_id})
        return None if raw is None else Session.of(raw)

    def find_many(self, session_ids: Sequence[str]) -> dict[str, Session]:
        return {raw["_id"]: Session.of(raw) for raw in self._sessions.find({"_id": {"$in": list(session_ids)}})}

    def list_living(self, user_id: ObjectId, now: datetime) -> list[Session]:
        """Latest seen first."""
        living = {"user_id": user_id, "expires_at": {"$gt": now}, **LIVING}
        return [Session.of(raw) for raw in self._sessions.find(living).sort("last_seen_at", DESCENDING)]

    def rotate(self, session: Session, *, current: bool, new_jti: str, change: Raw) -> bool:
        """Make `new_jti` the current one.

        Args:
            session: as it was read.
            current: the token shown is its current one; else an older one, from its place.

        Returns:
            False: that isn't so any more, or the session has ended.
        """
        still = {"current_jti": session.current_jti} if current else {"place": session.place}
        living = {"_id": session.id, **still, **LIVING}
        return self._sessions.update_one(living, {"$set": {"current_jti": new_jti, **change}}).modified_count == 1

    def note_seen(self, session_id: str, now: datetime, *, at_most_every: timedelta) -> None:
        stale = {"_id": session_id, "last_seen_at": {"$lte": now - at_most_every}}
        self._sessions.update_one(stale, {"$set": {"last_seen_at": now}})

    def end(self, session_id: str, user_id: ObjectId, *, reason: str, now: datetime) -> bool:
        """False: there is no such living session of this user."""
        mine = {"_id": session_id, "user_id": user_id, **LIVING}
        return self._sessions.update_one(mine, _ended(reason, now)).modified_count == 1

    def end_all(self, user_id: ObjectId, *, but: str | None, reason: str, now: datetime) -> int:
        """How many ended."""
        theirs: Raw = {"user_id": user_id, **LIVING}
        if but is not None:
            theirs["_id"] = {"$ne": but}
        return self._sessions.update_many(theirs, _ended(reason, now)).modified_count


class InviteStore:
    """All queries on `invites`, and the setting that belongs to them."""

    def __init__(self, db: Database[Raw]) -> None:
        self._invites, self._settings = db["invites"], db["app_settings"]

    def insert(self, invite: Invite) -> bool:
        """False: the code exists, or there is a current one already."""
        try:
            self._invites.insert_one(document_of(invite))
        except DuplicateKeyError:
            return False
        return True

    def get(self, invite_id: ObjectId) -> Invite:
        """Raises NotFoundError."""
        raw = self._invites.find_one({"_id": invite_id})
        if raw is None:
            raise NotFoundError("Invite not found")
        return Invite.of(raw)

    def by_code(self, hashes: Sequence[str]) -> Invite | None:
        raw = self._invites.find_one({"code_hash": {"$in": list(hashes)}})
        return None if raw is None else Invite.of(raw)

    def current(self) -> Invite | None:
        raw = self._invites.find_one({"current": True})
        return None if raw is None else Invite.of(raw)

    def list_newest(self) -> list[Invite]:
        newest = self._invites.find({}).sort("created_at", DESCENDING).limit(LISTED_INVITES)
        return [Invite.of(raw) for raw in newest]

    def take_use(self, invite: Invite, now: datetime) -> bool:
        """Take one use of it as it was read. False: it has changed, is used up, revoked or past its time."""
        limited = invite.uses_left is not None
        usable = {
            "_id": invite.id,
            "revoked_at": {"$exists": False},
            "uses_left": {"$gt": 0} if limited else {"$exists": False},
            # Its end never changes, so judging the one that was read is enough.
        }
        if invite.state(now) == "expired":
            return False
        step = {"uses": 1, "uses_left": -1} if limited else {"uses": 1}
        return self._invites.update_one(usable, {"$inc": step}).modified_count == 1

    def give_back(self, invite: Invite) -> None:
        """Undo `take_use`: the sign-up failed after it."""
        step = {"uses": -1, "uses_left": 1} if invite.uses_left is not None else {"uses": -1}
        self._invites.update_one({"_id": invite.id, "uses": {"$gt": 0}}, {"$inc": step})

    def revoke(self, invite_id: ObjectId, now: datetime) -> None:
        """Also ends its being the current one. Idempotent."""
        self._invites.update_one({"_id": invite_id, "revoked_at": {"$exists": False}}, {"$set": {"revoked_at": now}})
        self.retire(invite_id)

    def retire(self, invite_id: ObjectId) -> None:
        """Not the current one any more."""
        self._invites.update_one({"_id": invite_id}, {"$unset": {"current": ""}})

    def limit_current(self, uses_left: int | None) -> None:
        """How many may still use the current code; None: no limit. A used-up one stays so."""
        current = {"current": True, "uses_left": {"$not": {"$lte": 0}}}
        fields = {"uses_left": uses_left or 0, "max_uses": uses_left or 0}
        change = {"$unset": dict.fromkeys(fields, "")} if uses_left is None else {"$set": fields}
        self._invites.update_one(current, change)

    def regenerates(self) -> bool | None:
        """None: never set, this is the first start."""
        raw = self._settings.find_one({"_id": "invites"})
        return None if raw is None else bool(raw.get("regenerate_after_signup"))

    def set_regenerates(self, value: bool, *, only_first: bool = False) -> None:
        operator = "$setOnInsert" if only_first else "$set"
        self._settings.update_one({"_id": "invites"}, {operator: {"regenerate_after_signup": value}}, upsert=True)


def document_of(model: User | Session | Invite) -> Raw:
    """For inserting: what isn't set is absent, so that sparse indexes and `$exists` mean what they say."""
    raw = model.model_dump(by_alias=True)
    always = ("email_verified", "password")
    return {name: value for name, value in raw.items() if name in always or not _unset(value)}


def _unset(value: object) -> bool:
    return value is None or value is False or value == ""


def _ended(reason: str, now: datetime) -> Raw:
    return {"$set": {"ended_at": now, "ended_reason": reason}}
