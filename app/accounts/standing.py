"""Who a session belongs to and whether it lives, from a cache of at most a second.

Every request asks; MongoDB is asked once a second and session. The second counts from before the read, so whatever
is written is known everywhere a second later: a call that revokes waits for that (`settle`) before it answers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bson import ObjectId

from app.accounts.models import Session, User
from app.accounts.store import SessionStore, UserStore
from app.clock import Clock

FRESH_S: Final = 1.0
REMEMBERED: Final = 20_000  # sessions; each costs about 2 KB
# Sessions a query. The embedded store takes 0.4 ms for each of 50 ids, but 4 ms for each of 500 (it is quadratic).
BATCH: Final = 50
SEEN_EVERY: Final = timedelta(minutes=1)
GRACE: Final = timedelta(seconds=60)  # as for tokens: the last one of a session is taken a little past its end


@dataclass(frozen=True, slots=True)
class Standing:
    """A session and its user, as the store said at `read_at` (monotonic seconds)."""

    session: Session | None
    user: User | None
    read_at: float

    def good(self, now: datetime) -> User | None:
        """The user, if the session lives and they may act."""
        session, user = self.session, self.user
        if session is None or user is None or not user.active:
            return None
        if session.ended_at is not None or now >= session.expires_at + GRACE:
            return None
        if user.signed_out_at is not None and session.created_at < user.signed_out_at:
            return None
        return user


class Standings:
    """The cache. One a process; greenlets and threads may share it: entries are replaced, never changed."""

    def __init__(self, sessions: SessionStore, users: UserStore, clock: Clock) -> None:
        self._sessions, self._users, self._clock = sessions, users, clock
        self._cached: dict[str, Standing] = {}

    def of(self, session_id: str) -> Standing:
        """At most a second old."""
        cached = self._cached.get(session_id)
        if cached is not None and self._clock.monotonic() - cached.read_at < FRESH_S:
            return cached
        return self._read(session_id)

    def prefetch(self, session_ids: Iterable[str]) -> None:
        """Read those that are no longer fresh, many a query."""
        now = self._clock.monotonic()
        stale = [key for key in session_ids if key not in self._cached or now - self._cached[key].read_at >= FRESH_S]
        for start in range(0, len(stale), BATCH):
            self._read_many(stale[start : start + BATCH])

    def _read_many(self, session_ids: Sequence[str]) -> None:
        read_at = self._clock.monotonic()
        sessions = self._sessions.find_many(session_ids)
        users = self._users.find_many_without_password({session.user_id for session in sessions.values()})
        for session_id in session_ids:
            session = sessions.get(session_id)
            self._keep(session_id, Standing(session, users.get(session.user_id) if session else None, read_at))

    def forget(self, session_ids: Iterable[str]) -> None:
        """They have changed: this process asks again at once."""
        for session_id in session_ids:
            self._cached.pop(session_id, None)

    def forget_user(self, user_id: ObjectId) -> None:
        """As `forget`, for all of a user's sessions."""
        self.forget([key for key, entry in list(self._cached.items()) if entry.user and entry.user.id == user_id])

    def settle(self) -> None:
        """Wait until what was just written is known in every process."""
        self._clock.sleep(FRESH_S)

    def _read(self, session_id: str) -> Standing:
        read_at = self._clock.monotonic()
        session = self._sessions.find(session_id)
        user = self._users.find_without_password(session.user_id) if session else None
        standing = Standing(session, user, read_at)
        if session is None:
            self._cached.pop(session_id, None)  # a deleted one: there is nothing to remember
            return standing
        self._note_seen(session)
        self._keep(session_id, standing)
        return standing

    def _keep(self, session_id: str, standing: Standing) -> None:
        if len(self._cached) >= REMEMBERED:
            self._drop_stale(standing.read_at)
        self._cached[session_id] = standing

    def _note_seen(self, session: Session) -> None:
        now = self._clock.now()
        if session.ended_at is None and now - session.last_seen_at >= SEEN_EVERY:
            self._sessions.note_seen(session.id, now, at_most_every=SEEN_EVERY)

    def _drop_stale(self, now: float) -> None:
        fresh = {key: entry for key, entry in self._cached.items() if now - entry.read_at < FRESH_S}
        self._cached = fresh if len(fresh) < REMEMBERED else {}
