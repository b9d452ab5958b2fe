"""Sign-up with a password. The first one becomes admin, decided by a unique index; others need an invite code."""

from dataclasses import dataclass
from typing import Final

import structlog
from bson import ObjectId

from app.accounts.callers import Caller
from app.accounts.invites import Invites
from app.accounts.models import RegisterBody, SignedInAnswer, User
from app.accounts.passwords import Passwords
from app.accounts.sessions import Sessions
from app.accounts.store import UserStore
from app.clock import Clock
from app.errors import ConflictError, ForbiddenError

log = structlog.get_logger(__name__)

TAKEN: Final = "User already exists"


@dataclass(frozen=True, slots=True)
class SignUp:
    """Make accounts.

    Args:
        enabled: password accounts and sign-up are both on.
        allowed_domains: of e-mails, in lower case; empty: all.
        first_admin_email: the only one that may become the first admin; empty: whoever comes first.
    """

    users: UserStore
    invites: Invites
    passwords: Passwords
    sessions: Sessions
    clock: Clock
    enabled: bool = True
    allowed_domains: frozenset[str] = frozenset()
    first_admin_email: str = ""

    def check_open(self) -> None:
        """Raises ForbiddenError: it is switched off. Asked before the form is looked at."""
        if not self.enabled:
            raise ForbiddenError("Registration is disabled")

    def register(self, form: RegisterBody, caller: Caller) -> SignedInAnswer:
        """Make an account and sign it in.

        The order of the checks matters: nothing about an e-mail is told before a good invite code is shown.

        Raises:
            ForbiddenError: switched off, the e-mail's domain, or no good invite code.
            InvalidError: the rule that the password breaks.
            ConflictError: the e-mail is taken.
        """
        self.check_open()
        if self.allowed_domains and form.email.rpartition("@")[2] not in self.allowed_domains:
            raise ForbiddenError("Your email domain is not authorized to register")
        may_be_first = self._may_be_first(form.email)
        if not may_be_first:
            self.invites.check(form.invite_code)
        self.passwords.check(form.password, email=form.email, name=form.name)
        if self.users.by_email(form.email) is not None:
            raise ConflictError(TAKEN)
        user = self._new_user(form.email, form.name, self.passwords.hash(form.password))
        if not (may_be_first and self.users.insert_first_admin(user)):
            user = self._insert_invited(user, form.invite_code)
        log.info("registered", user_id=str(user.id))
        return self.sessions.begin(self.users.get(user.id), caller, method="password")

    def create_admin(self, *, email: str, name: str, password: str, promote: bool = False) -> User:
        """For the operator's command line: an admin, whatever the settings of sign-up are.

        Args:
            promote: an account with this e-mail becomes an active admin with this password.

        Raises:
            InvalidError: the rule that the password breaks.
            ConflictError: the e-mail is taken, and `promote` isn't given.
        """
        self.passwords.check(password, email=email, name=name)
        existing = self.users.by_email(email)
        if existing is not None and not promote:
            raise ConflictError(f"{TAKEN}. Add --promote to make this account an admin with the new password.")
        hashed = self.passwords.hash(password)
        if existing is not None:
            self.users.make_admin(existing.id, new_hash=hashed, now=self.clock.now())
            self.sessions.end_all(existing.id, but=None, reason="password set by operator")
            return self.users.get(existing.id)
        admin = self._new_user(email, name, hashed).model_copy(update={"role": "admin", "email_verified": True})
        # An admin from here closes sign-up without a code too.
        if not self.users.insert_first_admin(admin):
            self.users.insert(admin)
        return self.users.get(admin.id)

    def _may_be_first(self, email: str) -> bool:
        if self.first_admin_email and email != self.first_admin_email:
            return False
        return not self.users.has_first_admin()

    def _insert_invited(self, user: User, code: str) -> User:
        with self.invites.used(code) as invite:
            invited = user.model_copy(update={"role": invite.role, "invite_id": invite.id})
            self.users.insert(invited)
        return invited

    def _new_user(self, email: str, name: str, hashed: str) -> User:
        return User(id=ObjectId(), email=email, name=name, password=hashed, created_at=self.clock.now())
