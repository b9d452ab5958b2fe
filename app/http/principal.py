"""The person behind a request, and what the guards need from the accounts domain. Apart from `auth.py`: no Flask here,
so that services which take a principal can be loaded by workers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bson import ObjectId

Role = Literal["admin", "user", "viewer"]


@dataclass(frozen=True, slots=True)
class Principal:
    """The person behind a request, as the store says now: role and name are not the token's.

    `token_expires_at` is the token's `exp`; a stream outlives it by a minute at most.
    """

    user_id: ObjectId
    role: Role
    session_id: str
    email: str
    name: str
    token_expires_at: datetime


class Authenticator(Protocol):
    """What the guards need from the accounts domain."""

    def authenticate(self, token: str) -> Principal:
        """Who shows this token.

        Raises:
            UnauthorizedError: malformed, forged, expired, session ended, user gone or deactivated.
        """
        ...

    def prefetch(self, principals: Iterable[Principal]) -> None:
        """Look many up at once, so that `alive` answers from the cache: for a process with many streams."""
        ...

    def alive(self, principal: Principal) -> bool:
        """May their open stream or terminal go on? Known within a second, from a cache: cheap to ask each second."""
        ...
