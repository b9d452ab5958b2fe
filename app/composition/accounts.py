"""Users, sessions, invite codes."""

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from app.composition.base import BaseServices

if TYPE_CHECKING:
    from app.accounts.invites import Invites
    from app.accounts.passwords import Passwords
    from app.accounts.profiles import Profiles
    from app.accounts.sessions import Sessions
    from app.accounts.sign_in import SignIn
    from app.accounts.sign_up import SignUp
    from app.accounts.standing import Standings
    from app.accounts.store import UserStore
    from app.accounts.tokens import Tokens
    from app.http.principal import Authenticator


class AccountServices(BaseServices):
    """Who may come in."""

    @cached_property
    def users(self) -> "UserStore":
        from app.accounts.store import UserStore

        return UserStore(self.db)

    @cached_property
    def tokens(self) -> "Tokens":
        from app.accounts.tokens import Tokens

        return Tokens(self.settings.jwt_secret, self.settings.jwt_secrets_old, self.clock)

    @cached_property
    def standings(self) -> "Standings":
        from app.accounts.standing import Standings
        from app.accounts.store import SessionStore

        return Standings(SessionStore(self.db), self.users, self.clock)

    @cached_property
    def authenticator(self) -> "Authenticator":
        from app.accounts.authenticator import SessionAuthenticator

        return SessionAuthenticator(self.tokens, self.standings, self.clock)

    @cached_property
    def passwords(self) -> "Passwords":
        from app.accounts.passwords import Passwords
        from app.http.offload import offload

        return Passwords(run=offload, min_length=self.settings.password_min_length)

    @cached_property
    def sessions(self) -> "Sessions":
        from app.accounts.sessions import Sessions
        from app.accounts.store import SessionStore

        refresh_for = timedelta(days=self.settings.token_refresh_max_age_days)
        return Sessions(
            SessionStore(self.db), self.users, self.tokens, self.standings, self.sealer, refresh_for, self.clock
        )

    @cached_property
    def invites(self) -> "Invites":
        from app.accounts.invites import Invites
        from app.accounts.store import InviteStore

        return Invites(
            InviteStore(self.db),
            self.sealer,
            self.clock,
            life=timedelta(days=self.settings.invite_code_ttl_days),
            first_code=self.settings.invite_code,
            first_regenerates=self.settings.regenerate_invite_after_signup,
        )

    @cached_property
    def sign_up(self) -> "SignUp":
        from app.accounts.sign_up import SignUp

        settings = self.settings
        return SignUp(
            self.users,
            self.invites,
            self.passwords,
            self.sessions,
            self.clock,
            enabled=settings.auth_builtin_enabled and settings.auth_builtin_signup_enabled,
            allowed_domains=frozenset(domain.lower() for domain in settings.auth_builtin_allowed_domains),
            first_admin_email=settings.first_admin_email.strip().lower(),
        )

    @cached_property
    def sign_in(self) -> "SignIn":
        from app.accounts.sign_in import SignIn

        return SignIn(self.users, self.passwords, self.sessions, self.clock, enabled=self.settings.auth_builtin_enabled)

    @cached_property
    def profiles(self) -> "Profiles":
        from app.accounts.profiles import Profiles

        return Profiles(self.users, self.passwords, self.sessions, self.clock)

    def bring_accounts_up_to_date(self) -> None:
        """What the earlier backend left otherwise."""
        from app.accounts.startup import AccountsStartUp

        AccountsStartUp(self.users, self.invites).run()
