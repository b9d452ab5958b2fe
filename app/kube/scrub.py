"""Takes a Secret's values out of what the API server says about it. Pure. Called by `client.py` around every write.

Validation errors and admission webhooks repeat what they were sent; the text goes to answers, logs and run documents.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import orjson

from app.kube.errors import ApiStatusError
from app.kube.objects import KubeObject

_SHORTEST: Final = 3
"""Shorter ones stand in every sentence; they are no secrets either."""
_SHORTEST_LINE: Final = 8
"""Of a value with several lines, each of this length is hidden alone too: a quoted part still tells."""
MASK: Final = "***"


def secret_values(obj: KubeObject) -> tuple[str, ...]:
    """Every spelling of every value that an error about this object could repeat; nothing unless it is a Secret."""
    if obj.get("kind") != "Secret":
        return ()
    values: set[str] = set()
    for encoded in _texts(obj.get("data")):
        values.add(encoded)
        try:
            values.update(_spellings(base64.b64decode(encoded, validate=False).decode()))
        except (binascii.Error, UnicodeDecodeError):
            continue
    for plain in _texts(obj.get("stringData")):
        values.update(_spellings(plain))
    # Longest first: a value may be a part of another one.
    return tuple(sorted((value for value in values if len(value) >= _SHORTEST), key=len, reverse=True))


def without(error: ApiStatusError, values: Iterable[str]) -> ApiStatusError:
    """The same error, with the values masked."""
    values = tuple(values)
    causes = tuple(
        replace(cause, message=_mask(cause.message, values), field=_mask(cause.field, values)) for cause in error.causes
    )
    message = _mask(error.message, values)
    return ApiStatusError(error.status, error.reason, message, causes, retry_after_s=error.retry_after_s)


def _texts(mapping: object) -> Iterator[str]:
    if isinstance(mapping, dict):
        yield from (value for value in mapping.values() if isinstance(value, str))


def _spellings(plain: str) -> Iterator[str]:
    yield plain
    yield plain.strip()
    yield base64.b64encode(plain.encode()).decode()
    yield orjson.dumps(plain).decode()[1:-1]  # as Go's %q and JSON escape it
    if "\n" in plain:
        yield from (line for line in map(str.strip, plain.splitlines()) if len(line) >= _SHORTEST_LINE)


def _mask(text: str, values: tuple[str, ...]) -> str:
    for value in values:
        text = text.replace(value, MASK)
    return text
