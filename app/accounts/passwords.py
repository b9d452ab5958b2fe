"""Passwords: what a new one must be, and bcrypt. No store.

bcrypt takes a quarter of a second of CPU on purpose, so whoever makes a `Passwords` says where it runs (`offload` in
the API, a plain call elsewhere).
"""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol

import bcrypt

from app.errors import InvalidError

COST: Final = 12
MOST_BYTES: Final = 72  # bcrypt reads no further; longer ones are refused, never cut
COMMON: Final = Path(__file__).parent / "data" / "common_passwords.txt.gz"
# The hash of a password that nobody knows, by cost: an unknown e-mail costs one bcrypt against it, like a known one.
NOBODYS: Final = {
    4: b"$2b$04$kuG3RiO9U0ELpNooQZPwoeTYDrP2VLcMPmOIwxiaCJo/BQ2hV9o6K",
    12: b"$2b$12$gNJhkdjpYeQmLpjwijITte8r7vWX1qDs2DrWk3zjlh7bgQuCC.MKy",
}


class Runner(Protocol):
    """Where slow pure functions run."""

    def __call__(self, function: Callable[..., Any], *args: Any) -> Any: ...


def call_here(function: Callable[..., Any], *args: Any) -> Any:
    """A `Runner` for processes without an event loop."""
    return function(*args)


@dataclass(frozen=True, slots=True)
class Passwords:
    """The rules for new passwords, hashes and their check.

    Args:
        run: where bcrypt runs.
        min_length: in characters.
        cost: of new hashes; older ones with less are made anew at sign-in.
    """

    run: Runner = call_here
    min_length: int = 8
    cost: int = COST

    def check(self, password: str, *, email: str, name: str) -> None:
        """Is it fit to be set? No rules of composition.

        Raises:
            InvalidError: the rule that it breaks.
        """
        if len(password) < self.min_length:
            raise InvalidError(f"Password must be at least {self.min_length} characters")
        if len(password.encode()) > MOST_BYTES:
            raise InvalidError(f"Password must be at most {MOST_BYTES} bytes; accented letters and emoji count more")
        known = {email, email.partition("@")[0], name}
        if password.strip().casefold() in {text.strip().casefold() for text in known}:
            raise InvalidError("Password must not be your e-mail address or name")
        if password.lower() in common_passwords():
            raise InvalidError("Password is too common: choose one that fewer people use")

    def hash(self, password: str) -> str:
        """A bcrypt hash. Slow."""
        return str(self.run(_hash, password.encode(), self.cost))

    def matches(self, password: str, hashed: str) -> bool:
        """Is it the password of this hash? Slow, and just as slow when there is no hash."""
        known = bool(self.run(_matches, password.encode(), hashed.encode() or NOBODYS[self.cost]))
        return known and bool(hashed)

    def outdated(self, hashed: str) -> bool:
        """Was it made with a lower cost than today's?"""
        cost = hashed.split("$")[2] if hashed.count("$") == 3 else ""
        return not cost.isdecimal() or int(cost) < self.cost


def _hash(password: bytes, cost: int) -> str:
    return bcrypt.hashpw(password, bcrypt.gensalt(cost)).decode()


def _matches(password: bytes, hashed: bytes) -> bool:
    # bcrypt refuses a longer one outright; it is compared cut, so that it takes as long, and is wrong all the same.
    try:
        same = bcrypt.checkpw(password[:MOST_BYTES], hashed)
    except ValueError:  # no bcrypt hash: a damaged document signs nobody in
        return False
    return same and len(password) <= MOST_BYTES


@lru_cache(maxsize=1)
def common_passwords() -> frozenset[str]:
    """The 10,000 most common ones, in lower case (`data/README.md`: where from)."""
    return frozenset(gzip.decompress(COMMON.read_bytes()).decode().split())
