"""Secrets at rest: AES-256-GCM with a key id and the document's identity as associated data. No I/O.

A sealed value is `1 || key id (4) || nonce (12) || ciphertext and tag`. The first key seals, the others only open, so
that keys rotate by adding one. HMAC keys are derived from the first encryption key, by purpose.
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION: Final = b"\x01"
KEY_ID_BYTES: Final = 4
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32


class UnreadableError(Exception):
    """No key opens it: altered, copied from another document, or its key is gone."""


def key_from_text(text: str) -> bytes:
    """Base64 of 32 bytes, else the SHA-256 of the text (as the earlier backend did, so that its data opens)."""
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    return key if len(key) == KEY_BYTES else hashlib.sha256(text.encode()).digest()


class Sealer:
    """Seals with the first key, opens with any."""

    def __init__(self, key: str, old_keys: Sequence[str] = ()) -> None:
        keys = [key_from_text(text) for text in (key, *old_keys)]
        self._first = _key_id(keys[0])
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self._roots = keys

    def __repr__(self) -> str:
        return "Sealer()"

    def seal(self, value: Any, *, context: str) -> bytes:
        """Encrypt a JSON value.

        Args:
            context: identity of the document and field, such as `cluster:<id>:credentials`; it opens there only.
        """
        nonce = os.urandom(NONCE_BYTES)
        ciphertext = self._ciphers[self._first].encrypt(nonce, orjson.dumps(value), context.encode())
        return VERSION + self._first + nonce + ciphertext

    def open(self, sealed: bytes, *, context: str) -> Any:
        """Decrypt to the JSON value.

        Raises:
            UnreadableError: no key opens it here.
        """
        start = len(VERSION) + KEY_ID_BYTES
        key_id, nonce = sealed[len(VERSION) : start], sealed[start : start + NONCE_BYTES]
        cipher = self._ciphers.get(bytes(key_id))
        if sealed[:1] != VERSION or cipher is None:
            raise UnreadableError("sealed with a key that isn't configured")
        try:
            return orjson.loads(cipher.decrypt(nonce, sealed[start + NONCE_BYTES :], context.encode()))
        except (InvalidTag, ValueError):
            raise UnreadableError("altered, or copied from another document") from None

    def mac(self, message: bytes, *, purpose: str) -> str:
        """Hex HMAC-SHA-256 under a key of its own for this purpose. For equality, never to be opened."""
        return _mac(self._roots[0], message, purpose)

    def macs(self, message: bytes, *, purpose: str) -> list[str]:
        """`mac` under each key, the first first: finds what was stored before the keys were rotated."""
        return [_mac(root, message, purpose) for root in self._roots]


def _mac(root: bytes, message: bytes, purpose: str) -> str:
    key = hmac.digest(root, b"kubeorch mac " + purpose.encode(), "sha256")
    return hmac.digest(key, message, "sha256").hex()


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"kubeorch key id" + key).digest()[:KEY_ID_BYTES]
