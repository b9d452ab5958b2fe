"""The guards' end in this domain: token → principal. Runs on every request: no store while the cache is fresh."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.accounts.standing import Standings
from app.accounts.tokens import GRACE, INVALID, Tokens
from app.clock import Clock
from app.errors import UnauthorizedError
from app.http.principal import Principal


@dataclass(frozen=True, slots=True)
class SessionAuthenticator:
    """Our `app.http.auth.Authenticator`."""

    tokens: Tokens
    standings: Standings
    clock: Clock

    def authenticate(self, token: str) -> Principal:
        """Who shows this token, as the store says now: a changed role counts within a second.

        Raises:
            UnauthorizedError: for every fault with the same text.
        """
        claims = self.tokens.read(token)
        user = self.standings.of(claims.session_id).good(self.clock.now())
        if user is None or user.id != claims.user_id:
            raise UnauthorizedError(INVALID)
        return Principal(
            user_id=user.id,
            role=user.role,
            session_id=claims.session_id,
            email=user.email,
            name=user.name,
            token_expires_at=claims.expires_at,
        )

    def prefetch(self, principals: Iterable[Principal]) -> None:
        """Two queries for each fifty sessions, instead of two for each."""
        self.standings.prefetch({principal.session_id for principal in principals})

    def alive(self, principal: Principal) -> bool:
        """May a stream of this principal go on? False as well when their role has changed: they come back anew."""
        now = self.clock.now()
        if now >= principal.token_expires_at + GRACE:
            return False
        user = self.standings.of(principal.session_id).good(now)
        return user is not None and user.id == principal.user_id and user.role == principal.role
