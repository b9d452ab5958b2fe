"""A bearer token as people paste it: cleaned, and its end when it is a JWT that says so. Pure; verifies nothing."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Final

import orjson

MAX_CHARACTERS: Final = 16 * 1024
_JWT_PARTS: Final = 3


class TokenError(ValueError):
    """What is wrong, as the end of a sentence that begins with the field's name."""


def clean_token(value: str) -> str:
    """Without white space, line breaks and a leading `Bearer`.

    Raises:
        TokenError: nothing is left, or letters that no token has.
    """
    words = value.split()
    if words and words[0].lower() == "bearer":
        words = words[1:]
    token = "".join(words)
    if not token:
        raise TokenError("is empty")
    if len(token) > MAX_CHARACTERS:
        raise TokenError(f"is longer than {MAX_CHARACTERS // 1024} KiB")
    if not (token.isascii() and token.isprintable()):
        raise TokenError("has letters that no token has: paste it again")
    return token


def token_end(token: str, now: datetime) -> datetime | None:
    """When a JWT expires; None for one without an end, and for what is no JWT.

    Raises:
        TokenError: it has expired.
    """
    end = _expiry(token)
    if end is not None and end <= now:
        raise TokenError(f"expired on {end.strftime('%Y-%m-%d at %H:%M UTC')}: make a new one")
    return end


def _expiry(token: str) -> datetime | None:
    parts = token.split(".")
    if len(parts) != _JWT_PARTS:
        return None
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        end = claims.get("exp") if isinstance(claims, dict) else None
        if not isinstance(end, int | float) or isinstance(end, bool):
            return None
        return datetime.fromtimestamp(int(end), UTC)
    except (binascii.Error, ValueError, OverflowError, OSError):
        return None
