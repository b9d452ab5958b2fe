"""One's own profile: name and password."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from app.accounts.models import NAME_LENGTH, User
from app.accounts.passwords import Passwords
from app.accounts.sessions import Sessions
from app.accounts.store import UserStore
from app.clock import Clock
from app.errors import InvalidError
from app.http.principal import Principal

log = structlog.get_logger(__name__)

WRONG: Final = "Current password is incorrect"
NO_PASSWORD: Final = "Password login is not available for OAuth accounts"  # noqa: S105  a text
FRESH_SIGN_IN: Final = timedelta(minutes=10)  # how long a sign-in through the provider vouches for a first password


@dataclass(frozen=True, slots=True)
class Profiles:
    """What people change about themselves."""

    users: UserStore
    passwords: Passwords
    sessions: Sessions
    clock: Clock

    def get(self, principal: Principal) -> User:
        return self.users.get(principal.user_id)

    def rename(self, principal: Principal, name: str) -> User:
        """Raises InvalidError: too long."""
        if len(name) > NAME_LENGTH:
            raise InvalidError(f"Name must be at most {NAME_LENGTH} characters")
        return self.users.rename(principal.user_id, name, self.clock.now())

    def change_password(self, principal: Principal, *, current: str, new: str) -> None:
        """Set a new one. The caller's session goes on, all others have ended when this returns.

        Raises:
            InvalidError: the current one is wrong, there is none, or the rule that the new one breaks.
        """
        user = self.users.get(principal.user_id)
        if user.password:
            if not self.passwords.matches(current, user.password):
                raise InvalidError(WRONG)
        elif current or not self._just_came_from_provider(principal):
            raise InvalidError(NO_PASSWORD)
        self.passwords.check(new, email=user.email, name=user.name)
        new_hash, now = self.passwords.hash(new), self.clock.now()
        if not self.users.change_password(user.id, old_hash=user.password, new_hash=new_hash, now=now):
            raise InvalidError(WRONG)  # somebody else has just changed it
        self.sessions.end_all(user.id, but=principal.session_id, reason="password changed")
        log.info("password_changed", user_id=str(user.id))

    def _just_came_from_provider(self, principal: Principal) -> bool:
        method, begun_at = self.sessions.begun(principal)
        return method.startswith("oauth:") and self.clock.now() - begun_at < FRESH_SIGN_IN
