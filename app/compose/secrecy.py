"""Which environment entries are secret, by name and value. docs/reference has the rule in words."""

import re
from itertools import pairwise
from typing import Final

_WORDS: Final = frozenset(
    {
        "PASSWORD", "PASSWD", "PASS", "PWD", "PASSPHRASE", "SECRET", "TOKEN", "CREDENTIAL", "CREDENTIALS", "APIKEY",
        "DSN",
    }
)  # fmt: skip
_KEYS: Final = frozenset({"PRIVATE", "API", "ACCESS", "SECRET", "SIGNING", "ENCRYPTION"})
_PLAIN_ENDS: Final = frozenset(
    {
        "FILE", "PATH", "DIR", "NAME", "ID", "URL", "HOST", "PORT", "TYPE", "METHOD", "ALGORITHM", "LENGTH", "TTL",
        "TIMEOUT", "SECONDS", "SECOND", "SECS", "SEC", "MINUTES", "MINUTE", "MINS", "MIN", "HOURS", "HOUR", "DAYS",
        "DAY", "MS", "MILLIS", "MILLISECONDS",
    }
)  # fmt: skip
_PLAIN_VALUES: Final = frozenset({"true", "false", "yes", "no", "none"})
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_URL_WITH_PASSWORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/@:]*:[^\s/@]+@")
_PEM: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_JWT: Final = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")
_CLOUD_KEY: Final = re.compile(
    r"(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35}|gh[pousr]_[A-Za-z0-9]{36,}|sk_live_[A-Za-z0-9]{16,}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,}|glpat-[A-Za-z0-9_-]{20,}"
)


def is_secret(name: str, value: str | None) -> bool:
    """Is it secret by its name, or by what its value looks like?"""
    text = value or ""
    if _looks_secret(text):
        return True
    if text.strip().lower() in _PLAIN_VALUES:
        return False
    words = [word.upper() for part in re.split(r"[_.\-]", name) for word in _CAMEL.split(part) if word]
    if not words or words[-1] in _PLAIN_ENDS:
        return False
    if _WORDS & set(words):
        return True
    if any(one in _KEYS and two == "KEY" for one, two in pairwise(words)):
        return True
    whole = name.upper()
    return (whole.endswith("KEY") and "PUBLIC" not in words) or words[-1] == "AUTH"


def _looks_secret(value: str) -> bool:
    return any(pattern.search(value) for pattern in (_URL_WITH_PASSWORD, _PEM, _CLOUD_KEY)) or bool(
        _JWT.fullmatch(value.strip())
    )
