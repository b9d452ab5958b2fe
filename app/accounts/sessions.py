"""Sessions: begun by a sign-in, carried on by refresh with rotation, ended by people or by reuse of an old token."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from bson import ObjectId

from app.accounts.callers import USER_AGENT_LENGTH, Caller, device
from app.accounts.models import Session, SessionAnswer, SessionsAnswer, SignedInAnswer, User, UserAnswer
from app.accounts.standing import Standing, Standings
from app.accounts.store import SessionStore, UserStore
from app.accounts.tokens import LIFE, Claims, Tokens
from app.clock import Clock
from app.errors import NotFoundError, UnauthorizedError
from app.http.principal import Principal
from app.storage.mongo import patient
from app.storage.sealed import Sealer

log = structlog.get_logger(__name__)

BAD_REFRESH: Final = "Invalid token"
# Any failed refresh signs the person out, so a lost connection is tried again; the UI itself waits for 30 s.
REFRESH_WITHIN_S: Final = 9.0
ROTATIONS_TRIED: Final = 5  # of two tabs with the current token one wins, the other then has an older one


@dataclass(frozen=True, slots=True)
class Sessions:
    """Begin, refresh, list, end."""

    store: SessionStore
    users: UserStore
    tokens: Tokens
    standings: Standings
    sealer: Sealer
    refresh_for: timedelta
    clock: Clock

    def begin(self, user: User, caller: Caller, *, method: str) -> SignedInAnswer:
        """A new session and its first token."""
        now = self.clock.now()
        session = Session(
            id=secrets.token_urlsafe(16),
            user_id=user.id,
            method=method,
            created_at=now,
            last_seen_at=now,
            expires_at=now + self.refresh_for + LIFE,
            current_jti=secrets.token_urlsafe(16),
            place=self._place(caller),
            ip=caller.ip,
            user_agent=caller.user_agent[:USER_AGENT_LENGTH],
        )
        self.store.insert(session)
        return self._answer(user, session, session.current_jti)

    def refresh(self, token: str, caller: Caller) -> SignedInAnswer:
        """A new token for one that may have expired, as long as its session can be refreshed.

        Raises:
            UnauthorizedError: anything is wrong with token, session or user. An old token from elsewhere also ends
                the session: somebody else has a copy of it.
        """
        try:
            claims = self.tokens.read(token, expired_too=True)
        except UnauthorizedError:
            raise UnauthorizedError(BAD_REFRESH) from None
        with patient(REFRESH_WITHIN_S):
            return self._refresh(claims, caller)

    def _refresh(self, claims: Claims, caller: Caller) -> SignedInAnswer:
        for _ in range(ROTATIONS_TRIED):
            user, session = self._refreshable(claims)
            current, place = claims.jti == session.current_jti, self._place(caller)
            if not current and place != session.place:
                self._end_reused(session, caller)
                raise UnauthorizedError(BAD_REFRESH)
            # An older token from the same place is another tab's: it gets a new one too, not the current one, whose
            # 24 hours are partly over.
            new_jti, now = secrets.token_urlsafe(16), self.clock.now()
            seen = {"last_seen_at": now, "ip": caller.ip, "user_agent": caller.user_agent[:USER_AGENT_LENGTH]}
            change = seen | ({"place": place} if current else {})
            if self.store.rotate(session, current=current, new_jti=new_jti, change=change):
                return self._answer(user, session, new_jti)
        raise UnauthorizedError(BAD_REFRESH)

    def _refreshable(self, claims: Claims) -> tuple[User, Session]:
        """Straight from the store: a cache must not lengthen a session that has just ended."""
        session = self.store.find(claims.session_id)
        user = self.users.find(session.user_id) if session else None
        now = self.clock.now()
        if session is None or user is None or user.id != claims.user_id:
            raise UnauthorizedError(BAD_REFRESH)
        if Standing(session, user, read_at=0).good(now) is None or now >= session.created_at + self.refresh_for:
            raise UnauthorizedError(BAD_REFRESH)
        return user, session

    def _end_reused(self, session: Session, caller: Caller) -> None:
        now = self.clock.now()
        if self.store.end(session.id, session.user_id, reason="reuse", now=now):
            log.warning("refresh_reuse", user_id=str(session.user_id), ip=caller.ip)
        self.standings.forget([session.id])

    def list(self, principal: Principal) -> SessionsAnswer:
        """The living ones, latest seen first."""
        living = self.store.list_living(principal.user_id, self.clock.now())
        return SessionsAnswer(sessions=[_shown(session, principal.session_id) for session in living])

    def end(self, principal: Principal, session_id: str, *, reason: str = "ended by user") -> None:
        """End one of one's own. Answers when no process takes its tokens any more.

        Raises:
            NotFoundError: none of that id, or somebody else's.
        """
        if not self.store.end(session_id, principal.user_id, reason=reason, now=self.clock.now()):
            raise NotFoundError("Session not found")
        self.standings.forget([session_id])
        self.standings.settle()

    def end_all(self, user_id: ObjectId, *, but: str | None, reason: str) -> int:
        """End a user's sessions but that one; how many. Answers when no process takes their tokens any more."""
        ended = self.store.end_all(user_id, but=but, reason=reason, now=self.clock.now())
        self.standings.forget_user(user_id)
        self.standings.settle()
        return ended

    def begun(self, principal: Principal) -> tuple[str, datetime]:
        """Method and time of the sign-in behind this principal."""
        session = self.store.find(principal.session_id)
        if session is None:
            raise NotFoundError("Session not found")
        return session.method, session.created_at

    def _answer(self, user: User, session: Session, jti: str) -> SignedInAnswer:
        token = self.tokens.issue(
            user_id=user.id,
            email=user.email,
            role=user.role,
            session_id=session.id,
            jti=jti,
            auth_time=session.created_at,
        )
        return SignedInAnswer(token=token, user=UserAnswer.of(user))

    def _place(self, caller: Caller) -> str:
        return caller.place(lambda message: self.sealer.mac(message, purpose="place"))


def _shown(session: Session, current_id: str) -> SessionAnswer:
    return SessionAnswer(
        id=session.id,
        current=session.id == current_id,
        method=session.method,
        device=device(session.user_agent),
        ip=session.ip,
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
        expires_at=session.expires_at,
    )
