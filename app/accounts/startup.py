"""What start-up does to accounts: data of the earlier backend brought up to date, first values of the invites.

Idempotent; several processes may do it at the same time.
"""

from dataclasses import dataclass

import structlog

from app.accounts.invites import Invites
from app.accounts.store import UserStore

log = structlog.get_logger(__name__)

SHORT_CODE = 10


@dataclass(frozen=True, slots=True)
class AccountsStartUp:
    """Run after the indexes are there."""

    users: UserStore
    invites: Invites

    def run(self) -> None:
        self._lower_case_emails()
        if cleared := self.users.clear_lone_identities():
            log.info("lone_identities_cleared", users=cleared)
        # A database with users has had its first admin: sign-up must not make another.
        if not self.users.has_first_admin() and self.users.mark_oldest_admin():
            log.info("first_admin_marked")
        if 0 < len(self.invites.first_code) < SHORT_CODE:
            log.warning("invite_code_short", hint=f"INVITE_CODE should have at least {SHORT_CODE} characters")
        self.invites.first_start()

    def _lower_case_emails(self) -> None:
        """The earlier backend compared as typed. Of two that collide the newer stays, for an admin to change."""
        for user_id, email in self.users.emails():
            lower = email.strip().lower()
            if lower != email and not self.users.set_email(user_id, old=email, new=lower):
                log.warning("email_collides", user_id=str(user_id), hint="an admin must give this user another e-mail")
