"""Access tokens: JWTs signed with HS256. The only place that makes or reads one. No store.

PyJWT checks the signature, issuer and audience; the times are judged here, by our clock. flask-jwt-extended isn't used:
it reads the machine's clock, needs a Flask app, and answers faults of a token in its own shape.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import jwt
from bson import ObjectId
from bson.errors import InvalidId

from app.clock import Clock
from app.errors import UnauthorizedError

ALGORITHM: Final = "HS256"
ISSUER: Final = "kubeorch"
TYPE: Final = "access"
LIFE: Final = timedelta(hours=24)  # the UI counts them itself, from the moment an answer arrives
# Its clock starts later than ours, so a token is taken a little past its end; also for hosts whose clocks differ.
GRACE: Final = timedelta(seconds=60)
HEADERS: Final = frozenset({"alg", "typ", "kid"})  # jwk, jku, x5u, crit: refused, whatever they hold
REQUIRED: Final = ("exp", "iat", "nbf", "iss", "aud", "sub")
REMEMBERED: Final = 4096  # verified tokens; a signature doesn't change, so each is checked once a process
INVALID: Final = "Invalid or expired token"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says, verified. E-mail and role in it are for clients only, so they aren't here."""

    user_id: ObjectId
    session_id: str
    jti: str
    auth_time: datetime
    not_before: datetime
    expires_at: datetime


class Tokens:
    """Signs with the first key, verifies with any.

    Args:
        secret: signs and verifies.
        old_secrets: verify only.
        clock: judges the times.
    """

    def __init__(self, secret: str, old_secrets: Sequence[str], clock: Clock) -> None:
        self._kid, self._secret, self._clock = key_id(secret), secret, clock
        self._keys = {key_id(key): key for key in (*old_secrets, secret)}
        self._verified = lru_cache(maxsize=REMEMBERED)(self._verify)

    def __repr__(self) -> str:
        return "Tokens()"

    def issue(self, *, user_id: ObjectId, email: str, role: str, session_id: str, jti: str, auth_time: datetime) -> str:
        """A token that lives 24 hours from now."""
        now = self._clock.now()
        claims = {
            "user_id": str(user_id),
            "sub": str(user_id),
            "email": email,
            "role": role,
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int((now + LIFE).timestamp()),
            "iss": ISSUER,
            "aud": ISSUER,
            "jti": jti,
            "sid": session_id,
            "auth_time": int(auth_time.timestamp()),
            "type": TYPE,
        }
        return jwt.encode(claims, self._secret, ALGORITHM, headers={"kid": self._kid})

    def read(self, token: str, *, expired_too: bool = False) -> Claims:
        """What a token says.

        Args:
            expired_too: for refresh, where the session decides how long.

        Raises:
            UnauthorizedError: any fault of it, always with the same text.
        """
        claims = self._verified(token)
        now = self._clock.now()
        if now < claims.not_before - GRACE or (not expired_too and now >= claims.expires_at + GRACE):
            raise UnauthorizedError(INVALID)
        return claims

    def _verify(self, token: str) -> Claims:
        try:
            header = jwt.get_unverified_header(token)
            if header.keys() - HEADERS:
                raise UnauthorizedError(INVALID)
            raw = jwt.decode(
                token,
                self._keys[header["kid"]],
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=ISSUER,
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "require": list(REQUIRED)},
            )
            return _claims(raw)
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError, InvalidId):
            raise UnauthorizedError(INVALID) from None


def key_id(secret: str) -> str:
    """The `kid` of a key: the first 8 hex digits of its SHA-256."""
    return hashlib.sha256(secret.encode()).hexdigest()[:8]


def _claims(raw: dict[str, Any]) -> Claims:
    """Raises KeyError, TypeError or ValueError for what isn't an access token of ours."""
    if raw["type"] != TYPE or raw["sub"] != raw["user_id"]:
        raise ValueError("another kind of token")
    if not isinstance(raw["sid"], str) or not isinstance(raw["jti"], str):
        raise TypeError("sid and jti are texts")
    return Claims(
        user_id=ObjectId(str(raw["user_id"])),
        session_id=raw["sid"],
        jti=raw["jti"],
        auth_time=_instant(raw["auth_time"]),
        not_before=_instant(raw["nbf"]),
        expires_at=_instant(raw["exp"]),
    )


def _instant(seconds: Any) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
