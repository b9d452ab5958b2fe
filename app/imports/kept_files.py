"""The files that an analysis read, as one sealed value: they hold passwords. Other options need no second clone."""

import base64
import zlib
from collections.abc import Mapping
from typing import Final

from bson import ObjectId

from app.storage.sealed import Sealer, UnreadableError

KEPT_AT_MOST: Final = 5 * 1024 * 1024


def seal_files(files: Mapping[str, bytes], session_id: ObjectId, sealer: Sealer) -> bytes:
    """For the store."""
    texts = {name: base64.b64encode(zlib.compress(content, 1)).decode() for name, content in files.items()}
    return sealer.seal(texts, context=_context(session_id))


def open_files(sealed: bytes, session_id: ObjectId, sealer: Sealer) -> dict[str, bytes] | None:
    """`None`: no key opens them any more."""
    try:
        texts = sealer.open(sealed, context=_context(session_id))
    except UnreadableError:
        return None
    return {name: zlib.decompress(base64.b64decode(text)) for name, text in texts.items()}


def _context(session_id: ObjectId) -> str:
    return f"import:{session_id}:files"
