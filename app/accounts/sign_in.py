"""Sign-in with e-mail and password: the same answer, in the same time, for unknown e-mail and wrong password."""

from dataclasses import dataclass

import structlog

from app.accounts.callers import Caller
from app.accounts.models import LoginBody, SignedInAnswer
from app.accounts.passwords import Passwords
from app.accounts.sessions import Sessions
from app.accounts.store import UserStore
from app.clock import Clock
from app.errors import ForbiddenError, UnauthorizedError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SignIn:
    """Check a password and begin a session."""

    users: UserStore
    passwords: Passwords
    sessions: Sessions
    clock: Clock
    enabled: bool = True

    def check_open(self) -> None:
        """Raises ForbiddenError: password accounts are switched off."""
        if not self.enabled:
            raise ForbiddenError("Password login is disabled")

    def sign_in(self, form: LoginBody, caller: Caller) -> SignedInAnswer:
        """A new session for who knows the password.

        Raises:
            UnauthorizedError: unknown e-mail, account without password, wrong password: all alike.
            ForbiddenError: right, but deactivated; or password accounts are off.
        """
        self.check_open()
        user = self.users.by_email(form.email.lower())
        matches = self.passwords.matches(form.password, user.password if user else "")
        if user is None or not matches:
            raise UnauthorizedError("Invalid email or password")
        if not user.active:
            raise ForbiddenError("This account is deactivated")
        if self.passwords.outdated(user.password):
            self.users.rehash(user.id, old_hash=user.password, new_hash=self.passwords.hash(form.password))
        self.users.note_sign_in(user.id, self.clock.now())
        log.info("signed_in", user_id=str(user.id))
        return self.sessions.begin(user, caller, method="password")
