"""Invite codes: made up or the operator's own, compared by keyed hash, kept sealed so that the page can show them."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from bson import ObjectId

from app.accounts.models import Invite, Role
from app.accounts.store import InviteStore
from app.clock import Clock
from app.errors import ForbiddenError, UnavailableError
from app.storage.sealed import Sealer, UnreadableError

log = structlog.get_logger(__name__)

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that is read as something else
LENGTH: Final = 12
REFUSED: Final = "Valid invite code required"
TRIED: Final = 5  # of changes by others in the same moment


@dataclass(frozen=True, slots=True)
class Invites:
    """Make, show, use and revoke codes.

    Args:
        life: of a current code.
        first_code, first_regenerates: the values of the very first start; later ones are the store's.
    """

    store: InviteStore
    sealer: Sealer
    clock: Clock
    life: timedelta
    first_code: str = ""
    first_regenerates: bool = True

    def first_start(self) -> None:
        """Put the configured values into an empty store. Idempotent; the setting is written last."""
        if self.store.regenerates() is not None:
            return
        if self.first_code:
            self._insert_current(self.first_code)
        self.store.set_regenerates(self.first_regenerates, only_first=True)

    # --- using ---

    def check(self, code: str) -> Invite:
        """The active invite of this code.

        Raises:
            ForbiddenError: missing, unknown, used up, expired or revoked: all alike.
        """
        invite = self.store.by_code(self._hashes(code)) if code else None
        if invite is None or invite.state(self.clock.now()) != "active":
            raise ForbiddenError(REFUSED)
        return invite

    @contextmanager
    def used(self, code: str) -> Iterator[Invite]:
        """Take one use; it is given back when the block fails. Of two with a single-use code one gets in.

        Raises:
            ForbiddenError: as for `check`.
        """
        invite = self._take(code)
        try:
            yield invite
        except BaseException:
            self.store.give_back(invite)
            raise
        if invite.current and self.regenerates():
            self.replace_current(invite)

    def _take(self, code: str) -> Invite:
        for _ in range(TRIED):
            invite = self.check(code)
            if self.store.take_use(invite, self.clock.now()):
                return invite
        raise ForbiddenError(REFUSED)

    # --- the current one ---

    def current_code(self) -> str:
        """The code that the settings page shows; a new one when none is active."""
        for _ in range(TRIED):
            current = self.store.current()
            if current is None:
                self._insert_current(new_code())
            elif current.state(self.clock.now()) != "active":
                self.store.retire(current.id)
            elif code := self._opened(current):
                return code
            else:  # its key is gone: nobody can show it any more
                self.store.revoke(current.id, self.clock.now())
        raise UnavailableError("The invite code is being changed by somebody else. Try again.")

    def generate(self, created_by: ObjectId) -> str:
        """Another current code; the old one is revoked."""
        if (old := self.store.current()) is not None:
            self.store.revoke(old.id, self.clock.now())
        self._insert_current(new_code(), created_by)
        return self.current_code()

    def replace_current(self, used: Invite) -> None:
        """After a sign-up: a new current code takes its place."""
        self.store.retire(used.id)
        self._insert_current(new_code(), used.created_by)

    def regenerates(self) -> bool:
        """Is the current code good for one sign-up only?"""
        stored = self.store.regenerates()
        return self.first_regenerates if stored is None else stored

    def set_regenerates(self, value: bool) -> None:
        """Also for the current code that is there already."""
        self.store.set_regenerates(value)
        self.store.limit_current(1 if value else None)

    # --- further ones ---

    def create(self, *, role: Role, max_uses: int, life: timedelta, created_by: ObjectId) -> tuple[Invite, str]:
        """An invite beside the current one, and its code: shown here only."""
        code, now = new_code(), self.clock.now()
        invite = self._new(code, role=role, max_uses=max_uses, life=life, created_by=created_by)
        if not self.store.insert(invite):
            raise UnavailableError("No new code could be made. Try again.")
        log.info("invite_created", invite_id=str(invite.id), at=now.isoformat())
        return invite, code

    def list_newest(self) -> list[Invite]:
        return self.store.list_newest()

    def revoke(self, invite_id: ObjectId) -> None:
        """Idempotent. Raises NotFoundError."""
        invite = self.store.get(invite_id)
        self.store.revoke(invite.id, self.clock.now())

    def _insert_current(self, code: str, created_by: ObjectId | None = None) -> None:
        """May find that another one is current already: then that one is."""
        uses = 1 if self.regenerates() else None
        invite = self._new(code, role="user", max_uses=uses, life=self.life, created_by=created_by)
        self.store.insert(invite.model_copy(update={"current": True}))

    def _new(
        self, code: str, *, role: Role, max_uses: int | None, life: timedelta, created_by: ObjectId | None
    ) -> Invite:
        invite_id, now = ObjectId(), self.clock.now()
        return Invite(
            id=invite_id,
            code_hash=self._hashes(code)[0],
            code_sealed=self.sealer.seal(code, context=_context(invite_id)),
            role=role,
            created_by=created_by,
            created_at=now,
            expires_at=now + life,
            max_uses=max_uses,
            uses_left=max_uses,
        )

    def _hashes(self, code: str) -> list[str]:
        """Under the newest key first: that is stored; a code from before a rotation is still found."""
        return self.sealer.macs(code.strip().upper().encode(), purpose="invite code")

    def _opened(self, invite: Invite) -> str | None:
        try:
            return str(self.sealer.open(invite.code_sealed, context=_context(invite.id)))
        except UnreadableError:
            return None


def new_code() -> str:
    """12 characters that are easy to read out."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def _context(invite_id: ObjectId) -> str:
    return f"invite:{invite_id}:code"
